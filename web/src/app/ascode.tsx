/** Actions as the command line, curl and Python: what one would type to do the same. Opened by every page's "As code". */

import { useState } from 'react'
import { CodeBlock } from '../kit/copy.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { Field, Select } from '../kit/field.tsx'
import { type Action, copyAs } from './copyas.ts'

export interface NamedAction {
  readonly label: string
  readonly action: Action
}

/** A dialog with the texts of one of these actions; the first is shown first. Nothing where there are none. */
export function AsCode({ actions, onClose }: { actions: readonly NamedAction[]; onClose: () => void }) {
  const [chosen, setChosen] = useState('')
  const { label, action } = actions.find(each => each.label === chosen) ?? actions[0] ?? {}
  return (
    <Dialog open={action !== undefined} onClose={onClose} title="As code" wide>
      {actions.length > 1 && (
        <Field label="What">
          {wiring => (
            <Select {...wiring} value={label} onChange={event => setChosen(event.target.value)}>
              {actions.map(each => (
                <option key={each.label}>{each.label}</option>
              ))}
            </Select>
          )}
        </Field>
      )}
      {action && <Texts action={action} />}
    </Dialog>
  )
}

/** The same action as code, folded away under the question whether to do it. */
export function Folded({ action }: { action: Action }) {
  return (
    <details className="mt-3 text-sm">
      <summary className="text-soft">As CLI, curl, Python</summary>
      <Texts action={action} />
    </details>
  )
}

/** The three texts, each with its copy button. */
export function Texts({ action }: { action: Action }) {
  const { cli, curl, python } = copyAs(action)
  return (
    <div className="mt-3 flex flex-col gap-3 text-sm">
      {cli && <Text name="Command line" code={cli} />}
      <Text name="curl" code={curl} />
      <Text name="Python" code={python} />
    </div>
  )
}

function Text({ name, code }: { name: string; code: string }) {
  return (
    <section>
      <h3 className="mb-1 font-medium">{name}</h3>
      <CodeBlock code={code} label={name} />
    </section>
  )
}
