/** How many jobs of a kind may run at once: set here it wins over what the code declares. */

import type { KindDoc } from '@headway/client'
import { useHeadway } from '@headway/client/react'
import { type FormEvent, useState } from 'react'
import { Folded } from '../../app/ascode.tsx'
import { tell } from '../../app/toasts.tsx'
import { Button } from '../../kit/button.tsx'
import { Dialog } from '../../kit/dialog.tsx'
import { Field, TextInput } from '../../kit/field.tsx'

export function LimitsDialog({ kind, onClose }: { kind: KindDoc; onClose: () => void }) {
  const headway = useHeadway()
  const [limit, setLimit] = useState(textOf(kind.limit))
  const [keyLimit, setKeyLimit] = useState(textOf(kind.key_limit))
  const errors = [limit, keyLimit].map(text =>
    text.trim() === '' || /^\d+$/.test(text.trim()) ? undefined : 'Write a whole number, or leave it empty.',
  )
  const limits = { limit: numberOf(limit), key_limit: numberOf(keyLimit) }
  function set(event: FormEvent): void {
    event.preventDefault()
    if (errors.some(Boolean)) return
    onClose()
    void tell(headway.kinds.change(kind.name, limits), `Limits of ${kind.name} are set.`)
  }
  return (
    <Dialog open onClose={onClose} title={`Limits of ${kind.name}`}>
      <form onSubmit={set} className="flex flex-col gap-3">
        <Field label="At once" error={errors[0]} hint="Over all workers. Empty: no limit.">
          {wiring => (
            <TextInput
              {...wiring}
              data-focus
              inputMode="numeric"
              value={limit}
              onChange={event => setLimit(event.target.value)}
            />
          )}
        </Field>
        <Field
          label="At once for each limit key"
          error={errors[1]}
          hint="Jobs that were submitted with the same limit_key. Empty: no limit."
        >
          {wiring => (
            <TextInput
              {...wiring}
              inputMode="numeric"
              value={keyLimit}
              onChange={event => setKeyLimit(event.target.value)}
            />
          )}
        </Field>
        <Button type="submit" weight="primary">
          Set
        </Button>
      </form>
      {!errors.some(Boolean) && <Folded action={{ do: 'limits', kind: kind.name, limits }} />}
    </Dialog>
  )
}

function textOf(value: number | undefined): string {
  return value === undefined ? '' : String(value)
}

function numberOf(text: string): number | null {
  return text.trim() === '' ? null : Number(text)
}
