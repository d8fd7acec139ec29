/** What is selected and which row is active, for as long as the filter is the same. */

import { type RefObject, useState } from 'react'
import { isEmpty, NOTHING, neighbour, rangeTo, type Selection, toggle, toggleLoaded } from './selection.ts'
import type { TableHandle } from './table.tsx'

export interface Choosing {
  readonly selection: Selection
  readonly active: string | undefined
  readonly activate: (id: string | undefined) => void
  readonly select: (id: string, isRange: boolean) => void
  readonly selectAll: () => void
  readonly set: (selection: Selection) => void
  readonly move: (step: number) => void
  /** The selected ones, else the active one. */
  readonly meant: () => readonly string[]
}

export function useChoosing(
  q: string,
  ids: readonly string[],
  table: RefObject<TableHandle | null>,
): Choosing {
  const [selection, set] = useState(NOTHING)
  const [active, setActive] = useState<string>()
  const [chosenIn, setChosenIn] = useState(q)
  if (chosenIn !== q) {
    setChosenIn(q)
    set(NOTHING)
    setActive(undefined)
  }
  return {
    selection,
    active,
    activate: setActive,
    select: (id, isRange) => set(isRange ? rangeTo(selection, ids, id) : toggle(selection, id)),
    selectAll: () => set(toggleLoaded(selection, ids)),
    set,
    move: step => {
      const next = neighbour(ids, active, step)
      if (next === undefined) return
      setActive(next)
      table.current?.focus(next)
    },
    meant: () => (isEmpty(selection) ? (active === undefined ? [] : [active]) : [...selection.ids]),
  }
}
