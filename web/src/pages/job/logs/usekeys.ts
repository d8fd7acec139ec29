/** What keys do in a log. */
import { type RefObject, useEffect } from 'react'
import { useKeys } from '../../../app/keys.ts'
import { change } from '../../../app/settings.ts'
import { ERRORS, sameLevels } from './levels.ts'
import type { Scrolling } from './scrolling.ts'
import type { Looking } from './uselooking.ts'

interface Keyed {
  readonly looking: Looking
  readonly scrolling: Scrolling
  readonly step: (back: boolean) => void
  readonly input: RefObject<HTMLInputElement | null>
  readonly wrapped: boolean
}

export function useLogKeys({ looking, scrolling, step, input, wrapped }: Keyed): void {
  const group = 'Log'
  const errors = sameLevels(looking.levels, ERRORS)
  const find = (): void => {
    input.current?.focus()
    input.current?.select()
  }
  useKeys([
    { keys: 'f', does: 'Follow the end', group, run: scrolling.follow },
    { keys: 'e', does: 'Errors only', group, run: () => looking.setLevels(errors ? [] : ERRORS) },
    { keys: 'n', does: 'Next match', group, run: () => step(false) },
    { keys: 'shift+n', does: 'Previous match', group, run: () => step(true) },
    { keys: 'w', does: 'Wrap long lines', group, run: () => change({ wrapLogs: !wrapped }) },
    { keys: 'mod+f', does: 'Search the log; again: the browser’s search', group, run: find, always: true },
  ])
  useEffect(() => {
    /** Seen before app/keys.ts: once the field has the focus, the browser's own search is let through. */
    const again = (event: KeyboardEvent): void => {
      const isFind = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'f'
      if (isFind && document.activeElement === input.current) event.stopImmediatePropagation()
    }
    window.addEventListener('keydown', again, { capture: true })
    return () => window.removeEventListener('keydown', again, { capture: true })
  }, [input])
}
