/**
 * What the reader looks for in a log and what is shown because of it: the search, and the filter.
 *
 * Two searches at most: one that decides which lines are shown, one whose lines are marked and stepped through; they are the
 * same where only matching lines are shown.
 */
import type { JobLog, Wanted } from '@headway/client'
import { useEffect, useMemo, useState } from 'react'
import type { Asked } from './findbar.tsx'
import { findingOf } from './finder.ts'
import type { Marks } from './pattern.ts'
import { type Found, useFound, useSettled } from './usefind.ts'

const TYPING_MS = 250

export interface Looking {
  readonly asked: Asked
  readonly ask: (change: Partial<Asked>) => void
  readonly levels: readonly string[]
  readonly setLevels: (levels: readonly string[]) => void
  readonly marks: Marks | undefined
  readonly problem: string | undefined
  /** What is marked and stepped through. */
  readonly find: Found | undefined
  /** What alone is shown; undefined while `isFiltered`: not known yet. */
  readonly filter: Found | undefined
  readonly isFiltered: boolean
  /** What the shown lines have to be, as the log is asked. */
  readonly wanted: Wanted | undefined
  readonly stopped: boolean
  readonly stop: () => void
}

export function useLooking(log: JobLog, ready: boolean, start: string): Looking {
  const [asked, setAsked] = useState<Asked>({ text: start, isPattern: false, matchCase: false, only: false })
  const [levels, setLevels] = useState<readonly string[]>([])
  const text = useSettled(asked.text, TYPING_MS)
  const { isPattern, matchCase } = asked
  const only = asked.only && text !== ''
  const finding = useMemo(
    () => findingOf({ text, isPattern, matchCase, levels }),
    [text, isPattern, matchCase, levels],
  )
  useEffect(() => () => finding.pattern?.stop(), [finding])
  const byLevel = useMemo(
    () => findingOf({ text: '', isPattern: false, matchCase: false, levels }).wanted,
    [levels],
  )
  const wanted = only ? finding.wanted : byLevel
  const filter = useFound(log, ready, wanted)
  const other = useFound(log, ready, text && !only ? finding.wanted : undefined)
  const find = text ? (only ? filter : other) : undefined
  const [stoppedAt, setStopped] = useState<unknown>()
  return {
    asked,
    ask: change => setAsked(before => ({ ...before, ...change })),
    levels,
    setLevels,
    marks: finding.marks,
    problem: finding.problem ?? (finding.pattern?.refused && 'takes too long'),
    find,
    filter,
    isFiltered: wanted !== undefined,
    wanted,
    stopped: stoppedAt !== undefined && stoppedAt === (find ?? filter)?.search,
    stop() {
      const { search } = find ?? filter ?? {}
      search?.stop()
      setStopped(search)
    },
  }
}
