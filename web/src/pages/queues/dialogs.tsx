/** The three questions before a queue is changed: why it pauses, how many may run, whether what waits is cancelled. */

import { useHeadway } from '@headway/client/react'
import { type FormEvent, useId, useState } from 'react'
import { Folded } from '../../app/ascode.tsx'
import { useNavigate } from '../../app/router.tsx'
import { tell } from '../../app/toasts.tsx'
import { Button } from '../../kit/button.tsx'
import { Confirm, Dialog } from '../../kit/dialog.tsx'
import { Field, TextInput } from '../../kit/field.tsx'
import { plural } from '../../words/numbers.ts'

interface Asking {
  name: string
  onClose: () => void
}

export function PauseDialog({ name, onClose }: Asking) {
  const headway = useHeadway()
  const [reason, setReason] = useState('')
  const form = useId()
  function pause(event: FormEvent): void {
    event.preventDefault()
    onClose()
    void tell(
      headway.queues.change(name, { paused: true, ...(reason.trim() ? { reason: reason.trim() } : {}) }),
      `${name} is paused.`,
    )
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Pause ${name}?`}
      actions={<Submit form={form} onClose={onClose} word="Pause" />}
    >
      <form id={form} onSubmit={pause} className="flex flex-col gap-3">
        <p>Nothing of it is offered to workers until it goes on. What runs goes on running.</p>
        <Field label="Reason" hint="Everybody who looks sees it, with your name and the time.">
          {wiring => (
            <TextInput
              {...wiring}
              data-focus
              value={reason}
              maxLength={200}
              onChange={event => setReason(event.target.value)}
            />
          )}
        </Field>
      </form>
      <Folded action={{ do: 'pause', queue: name, reason: reason.trim() }} />
    </Dialog>
  )
}

export function LimitDialog({ name, limit, onClose }: Asking & { limit: number | undefined }) {
  const headway = useHeadway()
  const [text, setText] = useState(limit === undefined ? '' : String(limit))
  const form = useId()
  const wanted = text.trim() === '' ? null : Number(text)
  const error =
    wanted !== null && !(Number.isInteger(wanted) && wanted >= 0)
      ? 'Write a whole number, or leave it empty for no limit.'
      : undefined
  function set(event: FormEvent): void {
    event.preventDefault()
    if (error) return
    onClose()
    void tell(
      headway.queues.change(name, { limit: wanted }),
      wanted === null ? `${name} has no limit.` : `At most ${plural(wanted, 'job')} of ${name} run at once.`,
    )
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title={`How many of ${name} may run at once?`}
      actions={<Submit form={form} onClose={onClose} word="Set" />}
    >
      <form id={form} onSubmit={set}>
        <Field
          label="Limit"
          error={error}
          hint="Over all workers. Empty: no limit. What runs already goes on."
        >
          {wiring => (
            <TextInput
              {...wiring}
              data-focus
              inputMode="numeric"
              value={text}
              onChange={event => setText(event.target.value)}
            />
          )}
        </Field>
      </form>
      {!error && <Folded action={{ do: 'limit', queue: name, limit: wanted }} />}
    </Dialog>
  )
}

export function ClearDialog({ name, waiting, onClose }: Asking & { waiting: number }) {
  const headway = useHeadway()
  const navigate = useNavigate()
  async function clear(): Promise<void> {
    onClose()
    const made = await tell(
      headway.queues.clear(name),
      `${plural(waiting, 'job')} of ${name} are being cancelled.`,
    )
    if (made?.job) void navigate({ to: '/jobs/$id', params: { id: made.job } })
  }
  return (
    <Confirm
      open
      danger
      title={`Cancel what waits in ${name}?`}
      action={`Cancel ${plural(waiting, 'job')}`}
      onConfirm={clear}
      onClose={onClose}
    >
      {plural(waiting, 'job')} that are scheduled, blocked or queued will be cancelled. What runs goes on.
      This cannot be undone; a cancelled job can be run again as a new one.
      <Folded action={{ do: 'clear', queue: name }} />
    </Confirm>
  )
}

function Submit({ form, onClose, word }: { form: string; onClose: () => void; word: string }) {
  return (
    <>
      <Button onClick={onClose}>Not now</Button>
      <Button weight="primary" type="submit" form={form}>
        {word}
      </Button>
    </>
  )
}
