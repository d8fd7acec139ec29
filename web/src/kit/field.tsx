/** Form controls: each with its label, its hint and its error, tied together for those who cannot see them. */

import { type ComponentProps, type ReactNode, useId } from 'react'

const CONTROL =
  'w-full rounded-md border border-line-strong bg-card px-2.5 text-base text-ink placeholder:text-soft aria-invalid:border-failed disabled:opacity-60'

interface FieldProps {
  label: string
  hint?: ReactNode
  error?: string | undefined
  required?: boolean
  children: (wiring: {
    id: string
    'aria-describedby': string | undefined
    'aria-invalid': boolean
  }) => ReactNode
}

/** Lays out any control: `<Field label="Queue">{wiring => <TextInput {...wiring} …/>}</Field>`. */
export function Field({ label, hint, error, required, children }: FieldProps) {
  const id = useId()
  const described = error || hint ? `${id}-about` : undefined
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
        {required && <span className="text-failed"> *</span>}
      </label>
      {children({ id, 'aria-describedby': described, 'aria-invalid': Boolean(error) })}
      {described && (
        <p id={described} className={`text-xs ${error ? 'text-failed' : 'text-soft'}`}>
          {error || hint}
        </p>
      )}
    </div>
  )
}

export function TextInput({ className = '', ...rest }: ComponentProps<'input'>) {
  return <input autoComplete="off" spellCheck={false} className={`${CONTROL} h-8 ${className}`} {...rest} />
}

export function TextArea({ className = '', ...rest }: ComponentProps<'textarea'>) {
  return (
    <textarea
      spellCheck={false}
      className={`${CONTROL} min-h-24 py-1.5 font-mono text-sm ${className}`}
      {...rest}
    />
  )
}

export function Select({ className = '', children, ...rest }: ComponentProps<'select'>) {
  return (
    <select className={`${CONTROL} h-8 ${className}`} {...rest}>
      {children}
    </select>
  )
}

/** A switch with its words beside it; the whole line is the target. */
export function Switch({
  label,
  hint,
  ...rest
}: ComponentProps<'input'> & { label: ReactNode; hint?: ReactNode }) {
  return (
    <label className="flex min-h-8 cursor-pointer items-center gap-3 py-1">
      <span className="min-w-0 flex-1">
        <span className="text-sm font-medium">{label}</span>
        {hint && <span className="block text-xs text-soft">{hint}</span>}
      </span>
      <input
        type="checkbox"
        role="switch"
        aria-checked={rest.checked ?? false}
        className="relative h-5 w-9 shrink-0 cursor-pointer appearance-none rounded-full border border-line-strong bg-well transition-colors before:absolute before:top-0.5 before:left-0.5 before:size-3.5 before:rounded-full before:bg-soft before:transition-transform before:content-[''] checked:border-accent checked:bg-accent checked:before:translate-x-4 checked:before:bg-on-accent"
        {...rest}
      />
    </label>
  )
}

/** One of few, all in sight. */
export function Choice<T extends string>(props: {
  label: string
  value: T
  options: readonly (readonly [T, string])[]
  onChange: (value: T) => void
}) {
  const name = useId()
  return (
    <fieldset className="flex min-h-8 items-center gap-3 py-1">
      <legend className="float-left min-w-0 flex-1 text-sm font-medium">{props.label}</legend>
      <div className="inline-flex rounded-md border border-line-strong p-0.5">
        {props.options.map(([value, word]) => (
          <label
            key={value}
            className="cursor-pointer rounded px-2.5 py-0.5 text-sm text-soft has-checked:bg-selected has-checked:font-medium has-checked:text-ink has-focus-visible:outline-2 has-focus-visible:outline-accent"
          >
            <input
              type="radio"
              name={name}
              value={value}
              checked={props.value === value}
              onChange={() => props.onChange(value)}
              className="sr-only"
            />
            {word}
          </label>
        ))}
      </div>
    </fieldset>
  )
}
