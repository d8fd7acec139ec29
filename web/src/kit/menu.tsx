/** A button with a list of actions, on the popover API: arrows move, Escape closes, focus comes back. */

import type { LucideIcon } from 'lucide-react'
import { type KeyboardEvent, type ReactNode, useId, useLayoutEffect, useRef, useState } from 'react'
import { Button, type Weight } from './button.tsx'

export interface MenuItem {
  readonly label: string
  readonly icon?: LucideIcon
  readonly danger?: boolean
  readonly disabled?: boolean
  readonly hint?: string
  readonly onSelect: () => void
}

interface MenuProps {
  items: readonly MenuItem[]
  label?: string
  icon?: LucideIcon
  weight?: Weight
  small?: boolean
  children?: ReactNode
}

export function Menu({ items, label, icon, weight = 'plain', small, children }: MenuProps) {
  const id = useId()
  const list = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  const [open, setOpen] = useState(false)

  useLayoutEffect(() => {
    if (open) place(button.current, list.current) // only now its items are there and it has its size
  }, [open])

  function move(event: KeyboardEvent): void {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 }
    const step = steps[event.key]
    if (!step) return
    event.preventDefault()
    const rows = [...(list.current?.querySelectorAll<HTMLElement>('[role="menuitem"]:not(:disabled)') ?? [])]
    const here = rows.indexOf(document.activeElement as HTMLElement)
    rows[(here + step + rows.length) % rows.length]?.focus()
  }

  return (
    <>
      <Button
        ref={button}
        weight={weight}
        small={small ?? false}
        {...(icon ? { icon } : {})}
        {...(label ? { label } : {})}
        aria-haspopup="menu"
        aria-expanded={open}
        popoverTarget={id}
      >
        {children}
      </Button>
      <div
        ref={list}
        id={id}
        popover="auto"
        role="menu"
        aria-label={label}
        onToggle={event => setOpen(event.newState === 'open')}
        onKeyDown={move}
        className="fixed m-0 min-w-44 rounded-md border border-line bg-raised p-1 whitespace-nowrap text-ink shadow-raised"
      >
        {open &&
          items.map(item => (
            <button
              key={item.label}
              type="button"
              role="menuitem"
              disabled={item.disabled}
              onClick={() => {
                list.current?.hidePopover()
                item.onSelect()
              }}
              className={`flex w-full items-center gap-2 rounded px-2 py-1.5 text-left text-sm hover:bg-hover focus:bg-hover disabled:opacity-50 ${item.danger ? 'text-failed' : ''}`}
            >
              {item.icon && <item.icon aria-hidden size={15} className="shrink-0" />}
              <span className="flex-1">{item.label}</span>
              {item.hint && <kbd className="text-xs text-soft">{item.hint}</kbd>}
            </button>
          ))}
      </div>
    </>
  )
}

/** Under the button, above it where there is no room; the focus goes to the first item. */
function place(button: HTMLElement | null, box: HTMLElement | null): void {
  if (!button || !box) return
  const at = button.getBoundingClientRect()
  const below = innerHeight - at.bottom > box.offsetHeight + 8
  box.style.top = `${below ? at.bottom + 4 : Math.max(8, at.top - box.offsetHeight - 4)}px`
  box.style.left = `${Math.max(8, Math.min(at.right - box.offsetWidth, innerWidth - box.offsetWidth - 8))}px`
  box.querySelector<HTMLElement>('[role="menuitem"]:not(:disabled)')?.focus()
}
