/** One control for each field of a schema; what it says about itself stands under it. */

import { useId, useState } from 'react'
import { Field, Select, Switch, TextArea, TextInput } from '../../kit/field.tsx'
import { JsonArea } from './jsonarea.tsx'
import { type FormField, type Written, written } from './schema.ts'

interface FieldsProps {
  fields: readonly FormField[]
  typed: Written
  errors: Readonly<Record<string, string>>
  onType: (name: string, text: string | undefined) => void
  /** Called by their titles: where nobody needs to know their names. */
  isTitled?: boolean
}

export function SchemaFields({ fields, typed, errors, onType, isTitled = false }: FieldsProps) {
  if (fields.length === 0 && !isTitled) return <p className="text-sm text-soft">It takes no arguments.</p>
  return (
    <div className="flex flex-col gap-4">
      {fields.map(field => (
        <SchemaField
          key={field.name}
          field={field}
          label={(isTitled && field.title) || field.name}
          text={typed[field.name]}
          error={errors[field.name]}
          onType={text => onType(field.name, text)}
        />
      ))}
    </div>
  )
}

interface FieldProps {
  field: FormField
  label: string
  text: string | undefined
  error: string | undefined
  onType: (text: string | undefined) => void
}

function SchemaField({ field, label, text, error, onType }: FieldProps) {
  if (field.control === 'boolean') {
    return (
      <Switch
        label={label}
        hint={error ? <span className="text-failed">{error}</span> : field.hint}
        checked={(text ?? field.fallback) === 'true'}
        onChange={event => onType(String(event.target.checked))}
      />
    )
  }
  const isSaid = !field.fallback || field.control === 'choice'
  const hint = [
    label === field.title ? '' : field.title,
    field.hint,
    field.example && `as ${field.example}`,
    !isSaid && `default: ${brief(field.fallback)}`,
  ]
    .filter(Boolean)
    .join(' · ')
  if (field.control === 'several')
    return <Several field={field} label={label} hint={hint} text={text} error={error} onType={onType} />
  return (
    <Field label={label} required={field.required} hint={hint} error={error}>
      {wiring => <Control wiring={wiring} field={field} label={label} text={text} onType={onType} />}
    </Field>
  )
}

function brief(text: string): string {
  const line = text.replaceAll(/\n\s*/g, ' ')
  return line.length > 60 ? `${line.slice(0, 59)}…` : line
}

function keyboardOf({ control, schema }: FormField): 'numeric' | 'decimal' | 'email' | 'url' | 'text' {
  if (control === 'integer') return 'numeric'
  if (control === 'number') return 'decimal'
  return schema.format === 'email' ? 'email' : schema.format === 'uri' ? 'url' : 'text'
}

/** Any of few, each with its box. */
function Several({ field, label, hint, text, error, onType }: FieldProps & { hint: string }) {
  const id = useId()
  const chosen = new Set((text ?? field.fallback).split('\n').filter(Boolean))
  const turn = (option: string) => {
    const next = field.options.map(written).filter(each => chosen.has(each) !== (each === option))
    onType(next.join('\n'))
  }
  const said = error ?? hint
  return (
    <fieldset aria-describedby={said ? id : undefined} className="flex min-w-0 flex-col gap-0.5">
      <legend className="mb-1 text-sm font-medium">
        {label}
        {field.required && <span className="text-failed"> *</span>}
      </legend>
      {field.options.map(written).map((option, index) => (
        <label key={option} className="flex min-h-7 cursor-pointer items-center gap-2 text-sm wrap-anywhere">
          <input
            type="checkbox"
            checked={chosen.has(option)}
            aria-invalid={error ? true : undefined}
            onChange={() => turn(option)}
            className="size-4 shrink-0 accent-accent"
          />
          {field.names[index] || option}
        </label>
      ))}
      {said && (
        <p id={id} className={`text-xs ${error ? 'text-failed' : 'text-soft'}`}>
          {said}
        </p>
      )}
    </fieldset>
  )
}

type Wiring = Parameters<React.ComponentProps<typeof Field>['children']>[0]

function Control({ wiring, field, text, onType }: { wiring: Wiring } & Omit<FieldProps, 'error'>) {
  const value = text ?? ''
  const [hasLines] = useState(value.includes('\n')) // in one line they would get lost
  switch (field.control === 'text' && hasLines ? 'long' : field.control) {
    case 'choice':
      return (
        <Select {...wiring} value={value} onChange={event => onType(event.target.value || undefined)}>
          <option value="">
            {field.required ? 'Choose…' : `${brief(field.fallback) || 'none'} (default)`}
          </option>
          {field.options.map((option, index) => (
            <option key={written(option)} value={written(option)}>
              {field.names[index] || written(option)}
            </option>
          ))}
        </Select>
      )
    case 'lines':
      return (
        <TextArea
          {...wiring}
          rows={3}
          placeholder="one to a line"
          value={value}
          onChange={event => onType(event.target.value || undefined)}
        />
      )
    case 'json':
      return (
        <JsonArea
          {...wiring}
          name={field.name}
          format={field.format}
          rows={4}
          placeholder={brief(field.fallback) || 'JSON'}
          value={value}
          onType={typed => onType(typed || undefined)}
        />
      )
    case 'long':
      return (
        <TextArea
          {...wiring}
          rows={4}
          value={value}
          onChange={event => onType(event.target.value || undefined)}
        />
      )
    default:
      return (
        <TextInput
          {...wiring}
          inputMode={keyboardOf(field)}
          placeholder={brief(field.fallback)}
          value={value}
          onChange={event => onType(event.target.value || undefined)}
        />
      )
  }
}
