/** Templates of jobs, kept on the server for everybody: chosen, saved under a name, deleted. */

import type { JobRequest, JsonObject, SavedDoc } from '@headway/client'
import { useHeadway, useSaved } from '@headway/client/react'
import { Trash2 } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { tell } from '../../app/toasts.tsx'
import { Button } from '../../kit/button.tsx'
import { Confirm, Dialog } from '../../kit/dialog.tsx'
import { Field, TextInput } from '../../kit/field.tsx'

interface TemplatesProps {
  templates: readonly SavedDoc[]
  selected: string | undefined
  onSelect: (name: string) => void
  /** The one that is shown is about to be deleted. */
  onLeave: () => void
}

export function Templates({ templates, selected, onSelect, onLeave }: TemplatesProps) {
  const headway = useHeadway()
  const [leaving, setLeaving] = useState<string>()
  if (templates.length === 0) return null
  function remove(name: string): void {
    setLeaving(undefined)
    if (name === selected) onLeave()
    void tell(headway.saved.remove('templates', name), `The template ${name} is deleted.`)
  }
  return (
    <div>
      <h3 className="mb-1 text-sm font-medium">Templates</h3>
      <ul className="flex max-h-80 flex-col gap-0.5 overflow-y-auto">
        {templates.map(({ name, body }) => (
          <li
            key={name}
            className="flex items-center rounded-md hover:bg-hover has-aria-[current]:bg-selected"
          >
            <button
              type="button"
              aria-current={name === selected || undefined}
              onClick={() => onSelect(name)}
              className="flex min-h-8 min-w-0 flex-1 flex-col justify-center px-2 py-0.5 text-left text-sm"
            >
              <span className="w-full truncate" title={name}>
                {name}
              </span>
              {body.kind !== name && (
                <span className="w-full truncate text-xs text-soft" title={String(body.kind)}>
                  {String(body.kind)}
                </span>
              )}
            </button>
            <Button
              small
              weight="quiet"
              icon={Trash2}
              label={`Delete the template ${name}`}
              onClick={() => setLeaving(name)}
            />
          </li>
        ))}
      </ul>
      {leaving !== undefined && (
        <Confirm
          open
          danger
          title={`Delete the template ${leaving}?`}
          action="Delete"
          onConfirm={() => remove(leaving)}
          onClose={() => setLeaving(undefined)}
        >
          <p className="text-sm">It is gone for everybody. No job is touched.</p>
        </Confirm>
      )}
    </div>
  )
}

interface SaveTemplateProps {
  kind: string
  args: JsonObject
  options: Partial<JobRequest>
  onClose: () => void
}

const LONGEST = 80

export function SaveTemplate({ kind, args, options, onClose }: SaveTemplateProps) {
  const headway = useHeadway()
  const { data: templates = [] } = useSaved('templates')
  const [name, setName] = useState(kind.slice(0, LONGEST).trim())
  const given = name.trim()
  const isTaken = templates.some(each => each.name === given)
  function save(event: FormEvent): void {
    event.preventDefault()
    if (!given) return
    onClose()
    void tell(headway.saved.put('templates', given, { kind, args, options }), `Saved as “${given}”.`)
  }
  return (
    <Dialog open onClose={onClose} title="Save as template">
      <form onSubmit={save} className="flex flex-col gap-3">
        <Field
          label="Name"
          hint={
            isTaken
              ? 'A template of this name is there; it will be replaced.'
              : 'Everybody on this server can use it.'
          }
        >
          {wiring => (
            <TextInput
              {...wiring}
              data-focus
              required
              maxLength={LONGEST}
              value={name}
              onChange={event => setName(event.target.value)}
            />
          )}
        </Field>
        <Button type="submit" weight="primary">
          {isTaken ? 'Replace' : 'Save'}
        </Button>
      </form>
    </Dialog>
  )
}
