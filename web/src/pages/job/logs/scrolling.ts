/**
 * Where the reader is in a log: at its end, following, or held at a line. Keeps the element's scrollbar in step.
 *
 * What is held is a line, not a pixel: rows may come, go and fold above it without moving it. Whoever moves up by wheel,
 * finger, key or scrollbar stops following at once; whoever comes to the end follows again. The arithmetic is window.ts's.
 */
import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { flushSync } from 'react-dom'
import type { Rows } from './rows.ts'
import { isAtEnd, movedTop, ROW, type Span, scrollOf, spanOf, topFor } from './window.ts'

interface Held {
  readonly line: number
  /** Pixels of its row above the upper edge. */
  readonly within: number
  /** Rows there were when the end was left, or the place was gone to. */
  readonly counted: number
}

export interface Scrolling {
  readonly element: RefObject<HTMLDivElement | null>
  readonly top: number
  readonly span: Span
  readonly following: boolean
  readonly counted: number
  readonly onScroll: () => void
  /** To the end, and along with it. */
  follow(): void
  /** Stay where one is. */
  release(): void
  /** A line into the middle, unless it is in sight (`always`: even then). */
  show(line: number, always?: boolean): void
  toStart(): void
  /** By so many pixels of rows. */
  moveBy(pixels: number): void
}

const REST_MS = 150

export function useScrolling(rows: Rows, wrapped: boolean, start: number | undefined): Scrolling {
  const element = useRef<HTMLDivElement>(null)
  const view = useView(element)
  const span = spanOf(rows.count, view, wrapped)
  const [held, hold] = useState<Held | 'end'>(start ? { line: start, within: 0, counted: 0 } : 'end')
  const [wanted, want] = useState(start) // in the middle as soon as there is a view to have a middle
  const known = useRef(0)
  const movedAt = useRef(Number.NEGATIVE_INFINITY)
  const [, settle] = useState(0)
  if (wanted !== undefined && view && rows.count) {
    want(undefined)
    hold(heldAt(topFor(rows.rowOf(wanted), span, wrapped), rows))
  }
  const following = held === 'end'
  const counted = following ? rows.count : held.counted
  const top = following ? span.most : Math.min(rows.rowOf(held.line) * ROW + held.within, span.most)

  useLayoutEffect(() => {
    const box = element.current
    if (!box) return
    const belongs = scrollOf(top, span)
    const isMoving = performance.now() - movedAt.current < REST_MS
    const isLeaving = following ? box.scrollTop < known.current - 1 : isMoving
    if (isLeaving || Math.abs(box.scrollTop - belongs) < 1) return
    box.scrollTop = belongs
    known.current = box.scrollTop
  })
  useEffect(() => {
    const box = element.current
    if (!box) return
    let timer: ReturnType<typeof setTimeout> | undefined
    const rest = (): void => {
      clearTimeout(timer)
      timer = setTimeout(() => settle(count => count + 1), REST_MS + 10)
    }
    box.addEventListener('scroll', rest, { passive: true })
    return () => {
      clearTimeout(timer)
      box.removeEventListener('scroll', rest)
    }
  }, [])

  function moveTo(next: number): void {
    movedAt.current = Number.NEGATIVE_INFINITY
    hold(heldAt(Math.min(Math.max(next, 0), span.most), rows))
  }

  return {
    element,
    top,
    span,
    following,
    counted,
    onScroll() {
      const box = element.current
      if (!box || Math.abs(box.scrollTop - known.current) < 1) return
      const next = movedTop(top, known.current, box.scrollTop, span)
      known.current = box.scrollTop
      movedAt.current = performance.now()
      flushSync(() => hold(isAtEnd(next, span) ? 'end' : heldAt(next, rows, counted)))
    },
    follow() {
      movedAt.current = Number.NEGATIVE_INFINITY
      known.current = 0
      hold('end')
    },
    release() {
      if (following) hold(heldAt(top, rows))
    },
    show(line, always = false) {
      const place = rows.rowOf(line) * ROW
      const isSeen = place >= top && place + ROW <= top + view
      if (always || wrapped || !isSeen) moveTo(topFor(rows.rowOf(line), span, wrapped))
      else if (following) hold(heldAt(top, rows))
    },
    toStart: () => moveTo(0),
    moveBy: pixels => moveTo(top + pixels),
  }
}

function heldAt(top: number, rows: Rows, counted = rows.count): Held {
  const row = Math.max(0, Math.min(Math.floor(top / ROW), rows.count - 1))
  return { line: rows.lineAt(row), within: top - row * ROW, counted }
}

/** The height of what is seen. */
function useView(element: RefObject<HTMLDivElement | null>): number {
  const [view, setView] = useState(0)
  useLayoutEffect(() => {
    const box = element.current
    if (!box) return
    const measure = (): void => setView(box.clientHeight)
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(box)
    return () => observer.disconnect()
  }, [element])
  return view
}
