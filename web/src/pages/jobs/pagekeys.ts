/** The keys of the jobs page: a table for the sheet, and what they need from the page. */

import type { BulkAction } from '../../app/copyas.ts'
import { type Shortcut, useKeys } from '../../app/keys.ts'

export interface KeysDo {
  readonly search: () => unknown
  readonly move: (step: number) => unknown
  readonly select: (isRange: boolean) => unknown
  readonly selectAll: () => unknown
  readonly open: (tab?: string) => unknown
  readonly act: (action: BulkAction) => unknown
  readonly errorsOnly: () => unknown
  readonly pause: () => unknown
  readonly clear: () => unknown
}

const GROUP = 'Jobs'
const KEYS: readonly (readonly [keys: string, does: string, run: (page: KeysDo) => unknown])[] = [
  ['/', 'Search', page => page.search()],
  ['j', 'Next row', page => page.move(1)],
  ['k', 'Row before', page => page.move(-1)],
  ['x', 'Select the row', page => page.select(false)],
  ['shift+x', 'Select from the last one to here', page => page.select(true)],
  ['a', 'Select all that are loaded', page => page.selectAll()],
  ['o', 'Open the row (as ↵ on it)', page => page.open()],
  ['l', 'Its logs', page => page.open('logs')],
  ['c', 'Cancel what is selected, or the row', page => page.act('cancel')],
  ['r', 'Retry what is selected, or the row', page => page.act('retry')],
  ['e', 'Errors only', page => page.errorsOnly()],
  ['p', 'Pause or resume live updates', page => page.pause()],
  ['Escape', 'Clear the selection', page => page.clear()],
]

export function useJobsKeys(page: KeysDo): void {
  useKeys(KEYS.map(([keys, does, run]): Shortcut => ({ keys, does, group: GROUP, run: () => run(page) })))
}

/** Keys that only count while a row has the focus: the arrows are somebody else's elsewhere. */
export const ROW_KEYS: Readonly<Record<string, (page: KeysDo) => unknown>> = {
  ArrowDown: page => page.move(1),
  ArrowUp: page => page.move(-1),
  PageDown: page => page.move(10),
  PageUp: page => page.move(-10),
  Home: page => page.move(Number.NEGATIVE_INFINITY),
  End: page => page.move(Number.POSITIVE_INFINITY),
  ' ': page => page.select(false),
  Enter: page => page.open(),
}
