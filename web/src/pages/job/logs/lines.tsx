/**
 * The part of the viewer that scrolls: only the rows in sight are in the page, on a stage that stays where it is.
 *
 * Rows of one height are moved by what is scrolled. Wrapped ones are as high as they need: one of them is held at its place
 * in the view and the others lie around it. Must never know what a row shows.
 */
import { type KeyboardEvent, type MouseEvent, type ReactNode, useLayoutEffect, useRef } from 'react'
import type { Rows } from './rows.ts'
import type { Scrolling } from './scrolling.ts'
import { anchoredAt, drawnAt, ROW } from './window.ts'

/** What a row offers: `data-do` of row.tsx. */
export type Deed = 'pick' | 'fold' | 'whole'

interface LinesProps {
  readonly rows: Rows
  readonly scrolling: Scrolling
  readonly wrapped: boolean
  /** The widest line seen so far, in characters: the width stays. */
  readonly columns: number
  readonly draw: (line: number, isFirst: boolean) => ReactNode
  readonly onDo: (deed: Deed, line: number, shift: boolean) => void
  /** The rows that are drawn: get their lines. */
  readonly onDraw: (from: number, to: number) => void
  readonly describedBy: string
}

export function Lines({ rows, scrolling, wrapped, columns, draw, onDo, onDraw, describedBy }: LinesProps) {
  const { element, top, span, onScroll } = scrolling
  const stage = useRef<HTMLDivElement>(null)
  const list = useRef<HTMLDivElement>(null)
  const anchor = wrapped ? anchoredAt(top, rows.count, span.view, scrolling.counted) : undefined
  const { from, to, offset } = anchor ?? drawnAt(top, rows.count, span.view)
  const first = Math.min(rows.count - 1, Math.ceil(top / ROW))

  useLayoutEffect(() => {
    onDraw(from, to)
    const box = list.current
    if (!box) return
    box.style.transform = `translateY(${anchor ? wrappedOffset(box, anchor, span.view) : offset}px)`
  })

  function clicked(event: MouseEvent): void {
    const deed = deedOf(event.target)
    const line = lineOf(event.target)
    if (!deed || !line) return
    if (deed === 'pick' && (event.ctrlKey || event.metaKey || event.button)) return // the browser's: another tab
    event.preventDefault()
    onDo(deed, line, event.shiftKey)
  }

  function pressed(event: KeyboardEvent): void {
    const steps: Record<string, number> = { PageDown: 1, PageUp: -1, ' ': event.shiftKey ? -1 : 1 }
    const isRow = event.target instanceof HTMLElement && event.target.dataset.do === 'pick'
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (isRow && step) {
      event.preventDefault()
      focusNext(event.target, step)
    } else if (['ArrowUp', 'PageUp', 'Home'].includes(event.key)) scrolling.release()
    if (!wrapped || isRow || !(event.key in steps) || event.target !== event.currentTarget) return
    event.preventDefault()
    scrolling.moveBy((steps[event.key] ?? 0) * Math.max(1, wholeRows(list.current, span.view) - 1) * ROW)
  }

  return (
    <div
      ref={element}
      role="log"
      aria-live="off"
      aria-label="Log lines"
      aria-describedby={describedBy}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      onScroll={onScroll}
      onWheel={event => event.deltaY < 0 && scrolling.release()}
      onTouchMove={() => span.most > 0 && scrolling.release()}
      onClick={clicked}
      onKeyDown={pressed}
      onMouseDown={event => event.shiftKey && deedOf(event.target) && event.preventDefault()}
      className="relative min-h-0 flex-1 overflow-auto overscroll-contain bg-card font-mono text-xs -outline-offset-2 [overflow-anchor:none]"
    >
      <div
        style={{
          height: span.mostScroll + span.view,
          minWidth: wrapped ? '100%' : `max(100%, ${columns}ch)`,
        }}
      >
        <div ref={stage} className="sticky top-0 min-w-full overflow-clip" style={{ height: span.view }}>
          <div ref={list} className={wrapped ? 'relative' : 'relative w-max min-w-full'}>
            {Array.from({ length: Math.max(0, to - from) }, (_, index) =>
              draw(rows.lineAt(from + index), from + index === first),
            )}
          </div>
        </div>
      </div>
    </div>
  )
}

/** Where the first row begins, so that the anchor's point is at its place; a log shorter than the view begins on top. */
function wrappedOffset(list: HTMLElement, anchor: ReturnType<typeof anchoredAt>, view: number): number {
  const row = list.children[anchor.row - anchor.from]
  if (!(row instanceof HTMLElement)) return 0
  const offset = anchor.at - (row.offsetTop + anchor.share * row.offsetHeight)
  const isWhole = anchor.from === 0 && list.offsetHeight <= view
  return isWhole ? 0 : offset
}

/** Rows that are wholly in sight. */
function wholeRows(list: HTMLElement | null, view: number): number {
  const begin = list?.parentElement?.getBoundingClientRect().top ?? 0
  return [...(list?.children ?? [])].filter(row => {
    const { top, bottom } = row.getBoundingClientRect()
    return top >= begin - 1 && bottom <= begin + view + 1
  }).length
}

function focusNext(from: EventTarget, step: number): void {
  if (!(from instanceof HTMLElement)) return
  const row = from.closest('[data-n]')
  const next = step > 0 ? row?.nextElementSibling : row?.previousElementSibling
  next?.querySelector<HTMLElement>('[data-do="pick"]')?.focus({ preventScroll: true })
}

function deedOf(target: EventTarget): Deed | undefined {
  const said = target instanceof Element ? target.closest<HTMLElement>('[data-do]')?.dataset.do : undefined
  return said === 'pick' || said === 'fold' || said === 'whole' ? said : undefined
}

/** The number of the line that something in a row belongs to. */
export function lineOf(target: EventTarget | null): number | undefined {
  const node = target instanceof Element ? target : target instanceof Node ? target.parentElement : null
  const row = node?.closest<HTMLElement>('[data-n]')
  return row ? Number(row.dataset.n) : undefined
}
