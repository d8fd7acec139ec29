/** What is asked before something is done to a job: a reason, a number, a confirmation; and the same in other languages. */

import type { JobDoc } from '@headway/client'
import { useHeadway } from '@headway/client/react'
import { type FormEvent, useId, useState } from 'react'
import { AsCode, type NamedAction } from '../../app/ascode.tsx'
import { useNavigate } from '../../app/router.tsx'
import { tell } from '../../app/toasts.tsx'
import { Button } from '../../kit/button.tsx'
import { Confirm, Dialog } from '../../kit/dialog.tsx'
import { Field, TextInput } from '../../kit/field.tsx'
import { shortId } from '../../words/jobs.ts'
import { deedsOf } from './deeds.ts'

interface AskProps {
  job: JobDoc
  open: boolean
  onClose: () => void
}

export function CancelDialog({ job, open, onClose }: AskProps) {
  const headway = useHeadway()
  const form = useId()
  const [reason, setReason] = useState('')
  const grace = job.options.cancel_grace_s
  async function cancel(event: FormEvent): Promise<void> {
    event.preventDefault()
    onClose()
    setReason('')
    await tell(headway.cancel(job.id, reason.trim() || undefined), after =>
      after.state === 'cancelling' ? 'Asked to stop; it is cancelling' : `It is ${after.state}`,
    )
  }
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={`Cancel ${job.kind}?`}
      actions={
        <>
          <Button onClick={onClose}>Not now</Button>
          <Button type="submit" form={form} weight="danger">
            Cancel the job
          </Button>
        </>
      }
    >
      <form id={form} onSubmit={cancel} className="flex flex-col gap-3">
        <p className="text-sm text-soft">
          {job.state === 'running'
            ? `Its handler is asked to stop${grace ? `, and stopped after ${grace} s as far as that is possible` : ''}.`
            : 'It has not started, and never will.'}
        </p>
        <Field label="Reason" hint="Kept on its receipt. May be empty.">
          {wiring => (
            <TextInput
              {...wiring}
              data-focus
              value={reason}
              maxLength={500}
              onChange={event => setReason(event.target.value)}
            />
          )}
        </Field>
      </form>
    </Dialog>
  )
}

const MOST_PRIORITY = 1_000_000

export function PriorityDialog({ job, open, onClose }: AskProps) {
  const headway = useHeadway()
  const form = useId()
  const [text, setText] = useState<string>()
  const value = Number(text ?? job.priority)
  const valid = Number.isInteger(value) && Math.abs(value) <= MOST_PRIORITY && text !== ''
  async function change(event: FormEvent): Promise<void> {
    event.preventDefault()
    if (!valid) return
    onClose()
    setText(undefined)
    await tell(headway.setPriority(job.id, value), `Its priority is ${value}`)
  }
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title="Change priority"
      actions={
        <>
          <Button onClick={onClose}>Not now</Button>
          <Button type="submit" form={form} weight="primary" disabled={!valid}>
            Change
          </Button>
        </>
      }
    >
      <form id={form} onSubmit={change}>
        <Field
          label="Priority"
          hint="Higher runs first, within its queue."
          error={valid ? undefined : `Write a whole number between −${MOST_PRIORITY} and ${MOST_PRIORITY}.`}
        >
          {wiring => (
            <TextInput
              {...wiring}
              data-focus
              inputMode="numeric"
              value={text ?? String(job.priority)}
              onChange={event => setText(event.target.value)}
            />
          )}
        </Field>
      </form>
    </Dialog>
  )
}

export function RemoveDialog({ job, open, onClose }: AskProps) {
  const headway = useHeadway()
  const navigate = useNavigate()
  async function remove(): Promise<void> {
    onClose()
    const done = await tell(
      headway.remove(job.id).then(() => true),
      `…${shortId(job.id)} is deleted`,
    )
    if (done) await navigate({ to: '/jobs' })
  }
  return (
    <Confirm
      open={open}
      title={`Delete ${job.kind} …${shortId(job.id)}?`}
      action="Delete for good"
      danger
      onConfirm={remove}
      onClose={onClose}
    >
      <p className="text-sm">
        The job, its log and its files are removed for good. Nobody can bring them back.
      </p>
    </Confirm>
  )
}

/** What this page can do and show, as the command line, curl and Python would say it. */
export function CopyDialog({ job, open, onClose }: AskProps) {
  const can = deedsOf(job)
  const { id } = job
  const actions: NamedAction[] = [
    { label: 'Show this job', action: { do: 'show', id } },
    { label: 'Follow it', action: { do: 'watch', id } },
    { label: 'Its log', action: { do: 'logs', id } },
  ]
  if (can.cancel) actions.push({ label: 'Cancel it', action: { do: 'cancel', id } })
  if (can.retry) actions.push({ label: 'Retry it', action: { do: 'retry', id } })
  if (can.hold) actions.push({ label: 'Hold it', action: { do: 'hold', id } })
  if (can.release) actions.push({ label: 'Release it', action: { do: 'release', id } })
  if (can.remove) actions.push({ label: 'Delete it', action: { do: 'delete', id } })
  return <AsCode actions={open ? actions : []} onClose={onClose} />
}
