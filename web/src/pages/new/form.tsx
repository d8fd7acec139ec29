/** The form of one kind: its fields or the same as JSON, how to run it, and what to do with it. */

import { type JobRequest, type JsonObject, type KindDoc, parseJson } from '@headway/client'
import { useHeadway } from '@headway/client/react'
import { Bookmark, Braces, Copy, ListTree, Play } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { copyAs } from '../../app/copyas.ts'
import { useNavigate } from '../../app/router.tsx'
import { done, failed, tell } from '../../app/toasts.tsx'
import { Button } from '../../kit/button.tsx'
import { copyText } from '../../kit/copy.tsx'
import { Dialog } from '../../kit/dialog.tsx'
import { Field, TextArea, TextInput } from '../../kit/field.tsx'
import { Menu } from '../../kit/menu.tsx'
import { Panel, Problem } from '../../kit/panel.tsx'
import { pretty } from '../../words/code.ts'
import { SchemaFields } from './fields.tsx'
import { OptionFields, optionsOf, type TypedOptions, typedFrom } from './options.tsx'
import type { Start } from './page.tsx'
import { argsOf, type Filled, fieldsOf, isObject, type Written, writtenFrom } from './schema.ts'

interface FormProps {
  name: string
  kind: KindDoc | undefined
  start: Start
}

export function NewJobForm({ name, kind, start }: FormProps) {
  const headway = useHeadway()
  const navigate = useNavigate()
  const fields = fieldsOf(kind?.schema)
  const [typed, setTyped] = useState<Written>(() => writtenFrom(fields ?? [], start.args))
  const [text, setText] = useState<string | undefined>(fields ? undefined : pretty(start.args)) // as JSON, where there are no fields
  const [options, setOptions] = useState<TypedOptions>(() => typedFrom(start.options))
  const [tried, setTried] = useState(false)
  const [refused, setRefused] = useState<unknown>()
  const [busy, setBusy] = useState(false)
  const [naming, setNaming] = useState(false)

  const filled = text === undefined ? argsOf(fields ?? [], typed) : argsFrom(text)
  const ways = optionsOf(options)
  const request: JobRequest = { kind: name, args: filled.args, ...ways.options }
  const wrong = Object.keys(filled.errors).length + Object.keys(ways.errors).length > 0
  const place = placeOf(refused)
  const errors = { ...(tried ? filled.errors : {}), ...(place ? { [place.field]: place.message } : {}) }

  async function run(event: FormEvent): Promise<void> {
    event.preventDefault()
    setTried(true)
    setRefused(undefined)
    if (wrong) return
    setBusy(true)
    try {
      const job = await headway.submit(name, filled.args, ways.options)
      done(job.hint ? `Submitted. ${job.hint}` : `${name} is submitted.`)
      void navigate({ to: '/jobs/$id', params: { id: job.id } })
    } catch (error) {
      setRefused(error)
      if (!placeOf(error)) failed(error)
    } finally {
      setBusy(false)
    }
  }

  function turn(): void {
    if (text === undefined) {
      setText(pretty(filled.args))
      return
    }
    const read = argsFrom(text)
    if (read.errors[WHOLE]) {
      setTried(true)
      return
    }
    setTyped(writtenFrom(fields ?? [], read.args))
    setText(undefined)
  }

  const copies = (): ReturnType<typeof copyAs> => copyAs({ do: 'submit', job: request })
  const copy = (language: 'cli' | 'curl' | 'python', word: string) => async () => {
    const said = copies()[language]
    if (said && (await copyText(said))) done(`Copied as ${word}.`)
  }
  return (
    <Panel
      title={start.note ?? 'Arguments'}
      label="Arguments"
      actions={
        fields && (
          <Button small weight="quiet" icon={text === undefined ? Braces : ListTree} onClick={turn}>
            {text === undefined ? 'As JSON' : 'As a form'}
          </Button>
        )
      }
    >
      <form onSubmit={run} noValidate className="flex max-w-2xl flex-col gap-5">
        {text === undefined ? (
          <SchemaFields
            fields={fields ?? []}
            typed={typed}
            errors={errors}
            onType={(field, value) => {
              setRefused(undefined)
              setTyped(before => typedWith(before, field, value))
            }}
          />
        ) : (
          <Field
            label="Arguments as JSON"
            hint={
              kind
                ? undefined
                : 'No worker has declared this kind yet: any object is accepted, and checked when one does.'
            }
            error={errors[WHOLE] ?? place?.message}
          >
            {wiring => (
              <TextArea {...wiring} rows={10} value={text} onChange={event => setText(event.target.value)} />
            )}
          </Field>
        )}
        <details open={Object.keys(options).length > 0 || Object.keys(ways.errors).length > 0}>
          <summary className="mb-3 text-sm font-medium">How to run it</summary>
          <OptionFields
            typed={options}
            errors={ways.errors}
            onType={(option, value) => setOptions({ ...options, [option]: value })}
          />
        </details>
        {refused !== undefined && !(place && errors[place.field] && place.field in typed) && (
          <Problem error={refused} />
        )}
        <div className="flex flex-wrap items-center gap-2">
          <Button type="submit" weight="primary" icon={Play} busy={busy}>
            Run
          </Button>
          <Button icon={Bookmark} onClick={() => setNaming(true)}>
            Save as template
          </Button>
          <Menu
            icon={Copy}
            label="Copy as"
            items={[
              { label: 'Copy as CLI', onSelect: copy('cli', 'a command') },
              { label: 'Copy as curl', onSelect: copy('curl', 'curl') },
              { label: 'Copy as Python', onSelect: copy('python', 'Python') },
            ]}
          />
        </div>
      </form>
      {naming && (
        <SaveTemplate
          request={request}
          args={filled.args}
          options={ways.options}
          onClose={() => setNaming(false)}
        />
      )}
    </Panel>
  )
}

/** With this text in the field, or with the field untouched. */
function typedWith(typed: Written, field: string, text: string | undefined): Written {
  const others = Object.entries(typed).filter(([name]) => name !== field)
  return Object.fromEntries(text === undefined ? others : [...others, [field, text]])
}

const WHOLE = 'args'

/** The JSON that was typed, as arguments. */
function argsFrom(text: string): Filled {
  try {
    const args: unknown = parseJson(text)
    return isObject(args)
      ? { args, errors: {} }
      : { args: {}, errors: { [WHOLE]: 'must be an object: {"name": value}.' } }
  } catch (error) {
    return { args: {}, errors: { [WHOLE]: `is no JSON: ${error instanceof Error ? error.message : error}` } }
  }
}

/** Which field the server refused, of an error that names `args.url`. */
function placeOf(error: unknown): { field: string; message: string } | undefined {
  if (!(error instanceof Error) || !('field' in error) || typeof error.field !== 'string') return undefined
  const [whole, field] = error.field.split('.')
  return whole === WHOLE ? { field: field ?? WHOLE, message: error.message } : undefined
}

function SaveTemplate({
  request,
  args,
  options,
  onClose,
}: {
  request: JobRequest
  args: JsonObject
  options: Partial<JobRequest>
  onClose: () => void
}) {
  const headway = useHeadway()
  const [name, setName] = useState(request.kind)
  function save(event: FormEvent): void {
    event.preventDefault()
    onClose()
    void tell(
      headway.saved.put('templates', name.trim(), { kind: request.kind, args, options }),
      `Saved as “${name.trim()}”.`,
    )
  }
  return (
    <Dialog open onClose={onClose} title="Save as template">
      <form onSubmit={save} className="flex flex-col gap-3">
        <Field label="Name" hint="Everybody on this server can use it. The same name replaces it.">
          {wiring => (
            <TextInput
              {...wiring}
              required
              maxLength={80}
              value={name}
              onChange={event => setName(event.target.value)}
            />
          )}
        </Field>
        <Button type="submit" weight="primary">
          Save
        </Button>
      </form>
    </Dialog>
  )
}
