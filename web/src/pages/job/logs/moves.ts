/** Where a reader goes in a log: from match to match, to lines picked by a click, to where the address leads. */

import { useEffect, useRef, useState } from 'react'
import { addressOf } from '../../../app/router.tsx'
import { stepTo } from './finder.ts'
import { type Picked, pick, pickedText } from './place.ts'
import type { Rows } from './rows.ts'
import type { Scrolling } from './scrolling.ts'
import type { Groups } from './usegroups.ts'
import type { Looking } from './uselooking.ts'
import { ROW } from './window.ts'

const route = addressOf('/jobs/$id')

/** The first and the last line that are in sight. */
export function inSight(rows: Rows, { top, span }: Scrolling): readonly [from: number, to: number] {
  const last = Math.min(rows.count - 1, Math.ceil((top + span.view) / ROW) - 1)
  return [
    rows.lineAt(Math.min(Math.round(top / ROW), Math.max(0, rows.count - 1))),
    rows.lineAt(Math.max(0, last)),
  ]
}

/** Stepping through what was found. */
export function useSteps(looking: Looking, rows: Rows, groups: Groups, scrolling: Scrolling) {
  const [current, setCurrent] = useState<number>()
  const [sought, seek] = useState(looking.asked)
  if (sought.text !== looking.asked.text) {
    seek(looking.asked)
    setCurrent(undefined)
  }
  function step(back: boolean): void {
    const { found = [] } = looking.find?.state ?? {}
    const [begin, end] = inSight(rows, scrolling)
    const next = stepTo(found, current ?? (back ? end + 1 : begin - 1), back)
    if (next === undefined) return
    setCurrent(next)
    groups.reveal(next)
    scrolling.show(next)
  }
  return { current, step }
}

/** Lines picked by a click, which the address holds; and where the address leads. */
export function usePicking(picked: Picked | undefined, scrolling: Scrolling, groups: Groups) {
  const navigate = route.useNavigate()
  const own = useRef(picked && pickedText(picked))
  const { show } = scrolling
  const latest = useRef({ show, reveal: groups.reveal })
  useEffect(() => {
    latest.current = { show, reveal: groups.reveal }
  })
  useEffect(() => {
    const text = picked && pickedText(picked)
    if (picked && text !== own.current) {
      latest.current.reveal(picked.from)
      latest.current.show(picked.from, true)
    }
    own.current = text
  }, [picked])
  return {
    goTo: (line: number) => {
      groups.reveal(line)
      show(line, true)
    },
    picking(line: number, extend: boolean) {
      const next = pick(picked, line, extend)
      own.current = next && pickedText(next)
      scrolling.release()
      void navigate({
        search: before => ({ ...before, tab: 'logs', L: next && pickedText(next) }),
        replace: true,
      })
    },
  }
}

/** What is searched for stands in the address, so that whoever has the link sees the same. */
export function useFindInAddress(text: string): void {
  const navigate = route.useNavigate()
  const { find = '' } = route.useSearch()
  useEffect(() => {
    if (text === find) return
    const timer = setTimeout(() => {
      void navigate({
        search: before => ({ ...before, find: text || undefined }),
        replace: true,
      })
    }, 500)
    return () => clearTimeout(timer)
  }, [text, find, navigate])
}
