/** What the search box offers, as a listbox under it: the pointer takes one, the box moves the active one by keys. */

import { useEffect, useRef } from 'react'
import type { Suggestion } from './suggest.ts'

interface SuggestionsProps {
  id: string
  offered: readonly Suggestion[]
  active: number
  onTake: (suggestion: Suggestion) => void
}

export function Suggestions({ id, offered, active, onTake }: SuggestionsProps) {
  const list = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (active >= 0) list.current?.children[active]?.scrollIntoView({ block: 'nearest' })
  }, [active])
  return (
    <div
      hidden={offered.length === 0}
      className="absolute top-full left-0 z-30 mt-1 w-full max-w-xl rounded-md border border-line bg-raised shadow-raised"
    >
      <div ref={list} id={id} role="listbox" aria-label="Suggestions" className="max-h-80 overflow-auto p-1">
        {offered.map((each, place) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox has the keys
          // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the combobox (aria-activedescendant)
          <div
            key={each.text}
            id={`${id}-${place}`}
            role="option"
            aria-selected={place === active}
            onPointerDown={event => event.preventDefault()}
            onClick={() => onTake(each)}
            className="flex min-h-7 cursor-pointer items-center gap-3 rounded px-2 text-sm hover:bg-hover aria-selected:bg-selected"
          >
            <span className="min-w-0 truncate font-medium">{each.label}</span>
            <span className="ml-auto min-w-0 truncate text-xs text-soft">{each.about}</span>
          </div>
        ))}
      </div>
      <p aria-hidden className="border-t border-line px-3 py-1 text-xs text-soft max-sm:hidden">
        ↑↓ choose · ↵ take · blank ends a term · −term excludes
      </p>
    </div>
  )
}
