/** Tabs that are the address: the selected one comes from the URL, arrows move between them (WAI-ARIA tabs). */

import { type KeyboardEvent, type ReactNode, useId } from 'react'

export interface Tab {
  readonly id: string
  readonly label: ReactNode
  /** A number beside the label. */
  readonly count?: ReactNode
}

interface TabsProps {
  label: string
  tabs: readonly Tab[]
  selected: string
  onSelect: (id: string) => void
  children: ReactNode
  /** The panel fills what height is left. */
  full?: boolean
}

export function Tabs({ label, tabs, selected, onSelect, children, full }: TabsProps) {
  const base = useId()
  function move(event: KeyboardEvent<HTMLElement>): void {
    const steps: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1 }
    const step = steps[event.key]
    if (!step) return
    const here = tabs.findIndex(tab => tab.id === selected)
    const next = tabs[(here + step + tabs.length) % tabs.length]
    if (!next) return
    onSelect(next.id)
    document.getElementById(`${base}-${next.id}`)?.focus()
  }
  return (
    <div className={full ? 'flex min-h-0 flex-1 flex-col' : ''}>
      <div
        role="tablist"
        aria-label={label}
        onKeyDown={move}
        className="flex gap-1 overflow-x-auto border-b border-line"
      >
        {tabs.map(tab => (
          <button
            key={tab.id}
            id={`${base}-${tab.id}`}
            type="button"
            role="tab"
            aria-selected={tab.id === selected}
            aria-controls={`${base}-panel`}
            tabIndex={tab.id === selected ? 0 : -1}
            onClick={() => onSelect(tab.id)}
            className="-mb-px flex h-9 shrink-0 items-center gap-1.5 border-b-2 border-transparent px-3 text-sm text-soft hover:text-ink aria-selected:border-accent aria-selected:font-medium aria-selected:text-ink"
          >
            {tab.label}
            {tab.count !== undefined && (
              <span className="rounded bg-well px-1.5 text-xs text-soft">{tab.count}</span>
            )}
          </button>
        ))}
      </div>
      <div
        id={`${base}-panel`}
        role="tabpanel"
        aria-labelledby={`${base}-${selected}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a panel without controls must be reachable (WAI-ARIA tabs)
        tabIndex={0}
        className={full ? 'flex min-h-0 flex-1 flex-col pt-3' : 'pt-3'}
      >
        {children}
      </div>
    </div>
  )
}
