/** One control for each field of a schema; what it says about itself stands under it. */

import { useState } from 'react'
import { Field, Select, Switch, TextArea, TextInput } from '../../kit/field.tsx'
import { JsonArea } from './jsonarea.tsx'
import { type FormField, type Written, written } from './schema.ts'

interface FieldsProps {
  fields: readonly FormField[]
  typed: Written
  errors: Readonly<Record<string, string>>
  onType: (name: string, text: string | undefined) => void
}

export function SchemaFields({ fields, typed, errors, onType }: FieldsProps) {
  if (fields.length === 0) return <p className="text-sm text-soft">It takes no arguments.</p>
  return (
    <div className="flex flex-col gap-4">
      {fields.map(field => (
        <SchemaField
          key={field.name}
          field={field}
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
  text: string | undefined
  error: string | undefined
  onType: (text: string | undefined) => void
}

function SchemaField({ field, text, error, onType }: FieldProps) {
  if (field.control === 'boolean') {
    return (
      <Switch
        label={field.name}
        hint={error ? <span className="text-failed">{error}</span> : field.hint}
        checked={(text ?? field.fallback) === 'true'}
        onChange={event => onType(String(event.target.checked))}
      />
    )
  }
  const isSaid = !field.fallback || field.control === 'choice'
  const hint = [
    field.hint,
    field.example && `as ${field.example}`,
    !isSaid && `default: ${brief(field.fallback)}`,
  ]
    .filter(Boolean)
    .join(' · ')
  return (
    <Field label={field.name} required={field.required} hint={hint} error={error}>
      {wiring => <Control wiring={wiring} field={field} text={text} onType={onType} />}
    </Field>
  )
}

function brief(text: string): string {
  const line = text.replaceAll(/\n\s*/g, ' ')
  return line.length > 60 ? `${line.slice(0, 59)}…` : line
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
          {field.options.map(option => (
            <option key={written(option)} value={written(option)}>
              {written(option)}
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
          inputMode={
            field.control === 'integer' ? 'numeric' : field.control === 'number' ? 'decimal' : 'text'
          }
          placeholder={brief(field.fallback)}
          value={value}
          onChange={event => onType(event.target.value || undefined)}
        />
      )
  }
}
