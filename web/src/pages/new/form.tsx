/** The form of one kind: its fields or the same as JSON, how to run it, and what to do with it. */

import { type JobRequest, type KindDoc, parseJson } from '@headway/client'
import { useHeadway } from '@headway/client/react'
import { Bookmark, Braces, Copy, ListTree, Play } from 'lucide-react'
import { type FormEvent, useRef, useState } from 'react'
import { useConsent } from '../../app/consent.tsx'
import { copyAs } from '../../app/copyas.ts'
import { useNavigate } from '../../app/router.tsx'
import { done, failed } from '../../app/toasts.tsx'
import { Button } from '../../kit/button.tsx'
import { copyText } from '../../kit/copy.tsx'
import { Field } from '../../kit/field.tsx'
import { Menu } from '../../kit/menu.tsx'
import { Panel, Problem } from '../../kit/panel.tsx'
import { isObject, json, pretty } from '../../words/code.ts'
import { SchemaFields } from './fields.tsx'
import { JsonArea } from './jsonarea.tsx'
import { keptOf, OPTIONS, OptionFields, optionsOf, type TypedOptions, typedFrom } from './options.tsx'
import type { Start } from './page.tsx'
import { argsOf, type Filled, fieldsOf, holds, type Written, writtenFrom } from './schema.ts'
import { SaveTemplate } from './templates.tsx'

interface FormProps {
  name: string
  kind: KindDoc | undefined
  start: Start
  /** Instead of going to the page of the new job. */
  onSubmitted?: (id: string) => void
}

export function NewJobForm({ name, kind, start, onSubmitted }: FormProps) {
  const headway = useHeadway()
  const navigate = useNavigate()
  const consent = useConsent()
  const open = onSubmitted ?? (id => void navigate({ to: '/jobs/$id', params: { id } }))
  const fields = fieldsOf(kind?.schema)
  const [typed, setTyped] = useState<Written>(() => writtenFrom(fields ?? [], start.args))
  const [text, setText] = useState<string | undefined>(
    fields && holds(fields, start.args) ? undefined : pretty(start.args), // as JSON, where fields would change it
  )
  const [options, setOptions] = useState<TypedOptions>(() => typedFrom(start.options))
  const [tried, setTried] = useState(false)
  const [refused, setRefused] = useState<unknown>()
  const [busy, setBusy] = useState(false)
  const [naming, setNaming] = useState(false)
  const form = useRef<HTMLFormElement>(null)

  const filled = text === undefined ? argsOf(fields ?? [], typed) : argsFrom(text)
  const kept = keptOf(start.options)
  const typedWays = optionsOf(options)
  const ways = { ...typedWays, options: { ...kept, ...typedWays.options } }
  const request: JobRequest = { kind: name, args: filled.args, ...ways.options }
  const wrong = Object.keys(filled.errors).length + Object.keys(ways.errors).length > 0
  const place = placeOf(refused)
  const at = (part: 'args' | 'options') => (place?.of === part ? { [place.field]: place.message } : {})
  const errors = { ...(tried ? filled.errors : {}), ...at('args') }
  const wrongWays = { ...ways.errors, ...at('options') }
  const isShown =
    place?.of === 'options' || (text === undefined ? fields?.some(each => each.name === place?.field) : place)

  /** Whether all can be read; else it is shown what cannot. */
  function isRight(): boolean {
    setTried(true)
    setRefused(undefined)
    if (wrong) showWrong(form.current)
    return !wrong
  }

  async function run(event: FormEvent): Promise<void> {
    event.preventDefault()
    if (!isRight() || !(await consent.ask(kind, filled.args))) return
    setBusy(true)
    try {
      const job = await headway.submit(name, filled.args, ways.options)
      done(job.hint ? `Submitted. ${job.hint}` : `${name} is submitted.`)
      open(job.id)
    } catch (error) {
      setRefused(error)
      showWrong(form.current)
    } finally {
      setBusy(false)
    }
  }

  function turn(): void {
    setRefused(undefined)
    if (text === undefined) {
      if (Object.keys(filled.errors).some(name => typed[name] !== undefined)) {
        isRight() // it would be left out without a word
        return
      }
      setText(pretty(filled.args))
      return
    }
    const read = argsFrom(text)
    if (read.errors[WHOLE]) {
      setTried(true)
      return
    }
    if (!holds(fields ?? [], read.args)) {
      failed('The form has no place for all of this: it stays JSON.')
      return
    }
    setTyped(writtenFrom(fields ?? [], read.args))
    setText(undefined)
  }

  const copies = (): ReturnType<typeof copyAs> => copyAs({ do: 'submit', job: request })
  const copy = (language: 'cli' | 'curl' | 'python', word: string) => async () => {
    if (!isRight()) return
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
      <form ref={form} onSubmit={run} noValidate className="flex max-w-2xl flex-col gap-5">
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
            error={errors[WHOLE] ?? Object.values(at('args'))[0]}
          >
            {wiring => (
              <JsonArea
                {...wiring}
                name="the arguments"
                rows={10}
                value={text}
                onType={typed => {
                  setRefused(undefined)
                  setText(typed)
                }}
              />
            )}
          </Field>
        )}
        <details open={Object.keys(options).length > 0 || Object.keys(wrongWays).length > 0}>
          <summary className="mb-3 text-sm font-medium">How to run it</summary>
          {Object.keys(kept).length > 0 && (
            <p className="mb-3 text-sm break-words text-soft">
              Kept as it was:{' '}
              {Object.entries(kept)
                .map(([option, value]) => `${option.replaceAll('_', ' ')} ${json(value)}`)
                .join(', ')}
              .
            </p>
          )}
          <OptionFields
            typed={options}
            errors={wrongWays}
            onType={(option, value) => {
              setRefused(undefined)
              setOptions({ ...options, [option]: value })
            }}
          />
        </details>
        {refused !== undefined && !isShown && <Problem error={refused} />}
        <div className="flex flex-wrap items-center gap-2">
          <Button type="submit" weight="primary" icon={Play} busy={busy}>
            Run
          </Button>
          <Button icon={Bookmark} onClick={() => isRight() && setNaming(true)}>
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
      {consent.dialog}
      {naming && (
        <SaveTemplate
          kind={name}
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

/** What the server refused: an argument, of an error that names `args.url`, or how to run it, of `delay`. */
function placeOf(error: unknown): { of: 'args' | 'options'; field: string; message: string } | undefined {
  if (!(error instanceof Error) || !('field' in error) || typeof error.field !== 'string') return undefined
  const [whole = '', field] = error.field.split('.')
  const message = 'hint' in error && error.hint ? `${error.message} ${error.hint}` : error.message
  if (whole === WHOLE) return { of: 'args', field: field ?? WHOLE, message }
  return whole in OPTIONS ? { of: 'options', field: whole, message } : undefined
}

/** What is wrong may be far out of sight in a long form: it gets the focus, or the first that is wrong. */
function showWrong(form: HTMLFormElement | null): void {
  requestAnimationFrame(() => form?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus())
}
