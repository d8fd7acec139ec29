/** How a job is to be run, beside what it is to do: queue, priority, when, labels, tries and times. All may stay empty. */

import { type JobDoc, type JobRequest, parseJson } from '@headway/client'
import { Field, TextInput } from '../../kit/field.tsx'

/** One option as it is typed: its label, its hint, and how it becomes part of a request. */
interface OptionSpec {
  readonly label: string
  readonly hint: string
  readonly placeholder: string
  readonly read: (text: string) => Partial<JobRequest>
}

function whole(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw new Error('is no whole number: write 5.')
  return Number(text)
}

/** `name=value` each, apart by blanks or commas; what has such in it stands in quotes. */
function pairs(text: string): Record<string, string> {
  return Object.fromEntries(
    (text.match(/(?:"(?:\\.|[^"\\])*"|[^\s,])+/g) ?? []).map(part => {
      const [, name, value] = /^("(?:\\.|[^"\\])*"|[^=]+)=(.*)$/s.exec(part) ?? []
      if (name === undefined || value === undefined)
        throw new Error(`“${part}” lacks a value: write subject=sub-01, or note="two words".`)
      return [unquoted(name), unquoted(value)]
    }),
  )
}

function unquoted(word: string): string {
  try {
    return word.startsWith('"') ? String(parseJson(word)) : word
  } catch {
    return word
  }
}

function quotedPart(word: string, special: RegExp): string {
  return word === '' || special.test(word) ? JSON.stringify(word) : word
}

export const OPTIONS: Readonly<Record<string, OptionSpec>> = {
  queue: {
    label: 'Queue',
    hint: 'Of which it is taken.',
    placeholder: "the kind's own, else default",
    read: queue => ({ queue }),
  },
  priority: {
    label: 'Priority',
    hint: 'Higher runs first.',
    placeholder: '0',
    read: text => ({ priority: whole(text) }),
  },
  delay: {
    label: 'Delay',
    hint: 'Before it may start.',
    placeholder: '30s, 1h30m',
    read: delay => ({ delay }),
  },
  at: {
    label: 'Start at',
    hint: 'Instead of a delay.',
    placeholder: '2026-11-23T08:00:00Z',
    read: at => ({ at }),
  },
  labels: {
    label: 'Labels',
    hint: 'To find and group it by.',
    placeholder: 'subject=sub-01 team=brain',
    read: text => ({ labels: pairs(text) }),
  },
  requires: {
    label: 'Needs a worker with',
    hint: 'Labels that the worker must have.',
    placeholder: 'gpu=a100',
    read: text => ({ requires: pairs(text) }),
  },
  max_attempts: {
    label: 'Tries',
    hint: 'How often it may be tried.',
    placeholder: "the kind's own",
    read: text => ({ max_attempts: whole(text) }),
  },
  timeout: { label: 'Timeout', hint: 'For one attempt.', placeholder: '2h', read: timeout => ({ timeout }) },
  progress_timeout: {
    label: 'Progress timeout',
    hint: 'Without progress for so long, it is tried again.',
    placeholder: '5m',
    read: text => ({ progress_timeout: text }),
  },
  expires: {
    label: 'Expires',
    hint: 'If it has not started by then.',
    placeholder: '12h',
    read: expires => ({ expires }),
  },
  after: {
    label: 'After',
    hint: 'Ids of jobs that must have completed.',
    placeholder: '01J…, 01J…',
    read: text => ({ after: text.split(/[\s,]+/).filter(Boolean) }),
  },
  unique: {
    label: 'Unique key',
    hint: 'While a job with this key is there, no second one is made.',
    placeholder: 'nightly-report',
    read: unique => ({ unique }),
  },
}

export type TypedOptions = Readonly<Record<string, string>>

/** The options that were typed, and what is wrong with them. */
export function optionsOf(typed: TypedOptions): {
  options: Partial<JobRequest>
  errors: Readonly<Record<string, string>>
} {
  const errors: Record<string, string> = {}
  let options: Partial<JobRequest> = {}
  for (const [name, spec] of Object.entries(OPTIONS)) {
    const text = typed[name]?.trim()
    if (!text) continue
    try {
      options = { ...options, ...spec.read(text) }
    } catch (error) {
      errors[name] = error instanceof Error ? error.message : String(error)
    }
  }
  return { options, errors }
}

/** What was typed for these options: the other way round, for templates and edited jobs. */
export function typedFrom(options: Partial<JobRequest>): TypedOptions {
  const text = (value: unknown): string =>
    Array.isArray(value)
      ? value.join(', ')
      : typeof value === 'object' && value !== null
        ? Object.entries(value)
            .map(([name, each]) => `${quotedPart(name, /[\s,"=]/)}=${quotedPart(String(each), /[\s,"]/)}`)
            .join(' ')
        : String(value)
  return Object.fromEntries(
    Object.entries(options)
      .filter(([name, value]) => name in OPTIONS && value !== undefined)
      .map(([name, value]) => [name, text(value)]),
  )
}

/** What has no field here: it is kept as it was. */
export function keptOf(options: Partial<JobRequest>): Partial<JobRequest> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !(name in OPTIONS)))
}

/** How a job was to be run, to do so again. When it was to start, and the key that was its own, are not asked again. */
export function waysOf(job: JobDoc): Partial<JobRequest> {
  const { queue, priority, labels, requires, max_attempts, limit_key, options } = job
  const { on_lost, ...times } = options
  const ways = {
    queue,
    priority: priority || undefined,
    labels: isFilled(labels) ? labels : undefined,
    requires: isFilled(requires) ? requires : undefined,
    max_attempts,
    limit_key,
    on_lost,
    ...Object.fromEntries(Object.entries(times).map(([name, s]) => [name.replace(/_s$/, ''), `${s}s`])),
  }
  return Object.fromEntries(Object.entries(ways).filter(([, value]) => value !== undefined))
}

function isFilled(value: object | undefined): boolean {
  return Object.keys(value ?? {}).length > 0
}

interface OptionFieldsProps {
  typed: TypedOptions
  errors: Readonly<Record<string, string>>
  onType: (name: string, text: string) => void
}

export function OptionFields({ typed, errors, onType }: OptionFieldsProps) {
  return (
    <div className="grid gap-3 sm:grid-cols-2">
      {Object.entries(OPTIONS).map(([name, spec]) => (
        <Field key={name} label={spec.label} hint={spec.hint} error={errors[name]}>
          {wiring => (
            <TextInput
              {...wiring}
              placeholder={spec.placeholder}
              value={typed[name] ?? ''}
              onChange={event => onType(name, event.target.value)}
            />
          )}
        </Field>
      ))}
    </div>
  )
}
