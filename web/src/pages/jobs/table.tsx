// biome-ignore-all lint/a11y/useSemanticElements: rows that stand at places of their own cannot be a <table>
// biome-ignore-all lint/a11y/useFocusableInteractive: the focus goes to whole rows
/**
 * The list of jobs: only the rows in sight exist, each with a fixed height at its place.
 *
 * A grid for the keyboard and for screen readers on a large screen, a list of cards on a phone, where the page itself
 * scrolls. It asks for more before the end is reached, and tells whether it stands at its top. Must never know filters.
 */

import { type RefObject, useEffect, useImperativeHandle, useLayoutEffect, useRef, useState } from 'react'
import { useSettings } from '../../app/settings.ts'
import { useRows } from '../../kit/rows.ts'
import { CARD, JobCard } from './card.tsx'
import { Head } from './head.tsx'
import type { Jobs } from './jobs.ts'
import { JobRow } from './row.tsx'
import type { RowDoes } from './rowdoes.ts'
import { holdsAll, type Selection } from './selection.ts'

const HEAD = 34
/** Many bars move here at once: they step rather than glide, so that nothing is painted between two reports. */
const CALM = '[&_.bar-fill]:transition-none [&_.bar-unknown]:[animation-timing-function:steps(24)]'
const ROW = { comfortable: 44, compact: 32 } as const
/** Room below the last row for what floats there. */
const FOOT = 56
const OVERSCAN = 8
/** The next page is asked for when so many rows are left below. */
const AHEAD = 25

export interface TableHandle {
  /** Scroll the row into sight and give it the focus. */
  readonly focus: (id: string) => void
  readonly toTop: () => void
}

interface TableProps {
  jobs: Jobs
  isPhone: boolean
  isPaused: boolean
  selection: Selection
  active: string | undefined
  does: RowDoes
  onSelectAll: () => void
  onScrolled: (isScrolled: boolean) => void
  handle: RefObject<TableHandle | null>
}

export function Table({
  jobs,
  isPhone,
  isPaused,
  selection,
  active,
  does,
  onSelectAll,
  onScrolled,
  handle,
}: TableProps) {
  const { ids, list, total, hasMore } = jobs
  const { density } = useSettings()
  const body = useRef<HTMLElement>(null)
  const setBody = (node: HTMLElement | null) => {
    body.current = node
  }
  const wanted = useRef<string>(undefined)
  const margin = useMargin(body, isPhone)
  const height = isPhone ? CARD : ROW[density]
  const scroller = () => (isPhone ? document.getElementById('main') : (body.current?.parentElement ?? null))
  const activeAt = active === undefined ? -1 : ids.indexOf(active)
  const { from, to, isScrolled, show } = useRows({
    count: ids.length,
    height,
    margin,
    head: isPhone ? 0 : HEAD,
    overscan: OVERSCAN,
    scroller,
    body,
  })
  useLayoutEffect(() => {
    const row =
      wanted.current && body.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(wanted.current)}"]`)
    if (!row) return
    wanted.current = undefined
    row.focus({ preventScroll: true })
  })
  useImperativeHandle(handle, () => ({
    focus: id => {
      wanted.current = id
      const at = ids.indexOf(id)
      if (at >= 0) show(at)
    },
    toTop: () => scroller()?.scrollTo({ top: 0 }),
  }))

  useMore(jobs, to >= ids.length - AHEAD)
  useEffect(() => onScrolled(isScrolled), [onScrolled, isScrolled])

  const Row = isPhone ? JobCard : JobRow
  const rows = drawn(from, to, activeAt).map(index => {
    const id = ids[index] ?? ''
    return (
      <Row
        key={id}
        id={id}
        list={list}
        index={index}
        top={index * height}
        height={height}
        isSelected={selection.all || selection.ids.has(id)}
        isActive={activeAt < 0 ? index === 0 : index === activeAt}
        isPaused={isPaused}
        does={does}
      />
    )
  })
  const tall = { height: ids.length * height + FOOT }
  if (isPhone)
    return (
      <ul ref={setBody} aria-label="Jobs" className={`relative ${CALM}`} style={tall}>
        {rows}
      </ul>
    )
  return (
    <div
      role="grid"
      aria-label="Jobs"
      aria-multiselectable
      aria-rowcount={total !== undefined ? total + 1 : hasMore ? -1 : ids.length + 1}
      className="h-full overflow-x-hidden overflow-y-auto [overflow-anchor:none]"
    >
      <Head isAll={holdsAll(selection, ids)} isSome={selection.ids.size > 0} onAll={onSelectAll} />
      <div ref={setBody} role="rowgroup" className={`relative [contain:layout_style] ${CALM}`} style={tall}>
        {rows}
      </div>
    </div>
  )
}

/** The rows in sight, and the one that has the focus, wherever one has scrolled to. */
function drawn(from: number, to: number, active: number): number[] {
  const inSight = Array.from({ length: to - from }, (_, place) => from + place)
  if (active < 0 || (active >= from && active < to)) return inSight
  return active < from ? [active, ...inSight] : [...inSight, active]
}

/** Pixels of what scrolls above the rows: the head; on a phone, the page's own parts. */
function useMargin(body: RefObject<HTMLElement | null>, isPhone: boolean): number {
  const [margin, setMargin] = useState(HEAD)
  useLayoutEffect(() => {
    const main = document.getElementById('main')
    const page = main?.firstElementChild
    if (!isPhone || !main || !page) {
      setMargin(HEAD)
      return
    }
    const measure = () => {
      const at = body.current?.getBoundingClientRect().top ?? 0
      setMargin(Math.round(at - main.getBoundingClientRect().top + main.scrollTop))
    }
    const watching = new ResizeObserver(measure)
    for (const part of page.children) watching.observe(part)
    measure()
    return () => watching.disconnect()
  }, [body, isPhone])
  return margin
}

/** Ask for the next page when its rows come near; after a failure only when somebody says so. */
function useMore({ hasMore, isLoadingMore, moreError, loadMore }: Jobs, isNear: boolean): void {
  const ask = isNear && hasMore && !isLoadingMore && !moreError
  useEffect(() => {
    if (ask) void loadMore()
  }, [ask, loadMore])
}
