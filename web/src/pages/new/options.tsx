/** How a job is to be run, beside what it is to do: queue, priority, when, labels, tries and times. All may stay empty. */

import type { JobRequest } from '@headway/client'
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

function pairs(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .split(/[\s,]+/)
      .filter(Boolean)
      .map(part => {
        const [name, ...value] = part.split('=')
        if (!name || value.length === 0) throw new Error(`“${part}” lacks a value: write subject=sub-01.`)
        return [name, value.join('=')]
      }),
  )
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
            .map(([name, each]) => `${name}=${each}`)
            .join(' ')
        : String(value)
  return Object.fromEntries(
    Object.entries(options)
      .filter(([name, value]) => name in OPTIONS && value !== undefined)
      .map(([name, value]) => [name, text(value)]),
  )
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
