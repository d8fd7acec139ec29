/** One term of the filter: its words edit it, "is" negates it, the cross takes it away; the arrows walk along. */

import { X } from 'lucide-react'
import type { KeyboardEvent } from 'react'
import { readable } from './chips.ts'

interface FilterChipProps {
  chip: string
  onEdit: () => void
  onNegate: () => void
  onRemove: () => void
}

const PART = 'h-6 min-w-6 rounded px-1 hover:bg-hover'

export function FilterChip({ chip, onEdit, onNegate, onRemove }: FilterChipProps) {
  const { not, key, operator, value, problem } = readable(chip)
  function pressed(event: KeyboardEvent<HTMLElement>): void {
    const does: Record<string, () => void> = {
      Backspace: onRemove,
      Delete: onRemove,
      '-': onNegate,
      ArrowLeft: () => beside(event.currentTarget, -1),
      ArrowRight: () => beside(event.currentTarget, 1),
    }
    const run = does[event.key]
    if (!run) return
    event.preventDefault()
    event.stopPropagation()
    run()
  }
  const said = key ? `${not ? 'is not' : 'is'} ${operator}`.trim() : not ? 'lacks' : 'has'
  return (
    <span
      className={`inline-flex max-w-full items-center rounded-md border bg-well text-sm ${problem ? 'border-failed' : 'border-line'}`}
      title={problem ?? chip}
    >
      {key && <span className="pl-1.5 text-soft">{key}</span>}
      <button
        type="button"
        className={`${PART} text-xs ${not ? 'font-semibold text-failed' : 'text-soft'}`}
        aria-label={`Negate “${said}” of ${chip}`}
        aria-pressed={not}
        onClick={onNegate}
      >
        {said}
      </button>
      <button
        type="button"
        data-chip
        className={`${PART} min-w-0 truncate font-medium`}
        aria-label={`Edit ${chip}`}
        onClick={onEdit}
        onKeyDown={pressed}
      >
        {value || '…'}
      </button>
      <button
        type="button"
        className={`${PART} flex items-center justify-center text-soft hover:text-ink`}
        aria-label={`Remove ${chip}`}
        onClick={onRemove}
      >
        <X aria-hidden size={13} />
      </button>
    </span>
  )
}

function beside(chip: HTMLElement, step: number): void {
  const box = chip.closest('.cursor-text')
  const stops = [...(box?.querySelectorAll<HTMLElement>('[data-chip], input') ?? [])]
  stops[stops.indexOf(chip) + step]?.focus()
}
