/** Finding one by name among many on a page; where there are few there is nothing to find. */

import { TextInput } from './field.tsx'

const MANY = 12

interface FindProps {
  label: string
  /** How many there are without it. */
  among: number
  value: string
  onChange: (text: string) => void
}

export function Find({ label, among, value, onChange }: FindProps) {
  if (among <= MANY && !value) return null
  return (
    <TextInput
      type="search"
      aria-label={label}
      placeholder={`${label}…`}
      value={value}
      onChange={event => onChange(event.target.value)}
      className="w-56 max-w-full"
    />
  )
}

/** Whether a name has all that was typed in it, whatever the capitals. */
export function isFound(name: string, text: string): boolean {
  const lower = name.toLocaleLowerCase()
  return text
    .toLocaleLowerCase()
    .split(/\s+/)
    .every(word => lower.includes(word))
}
