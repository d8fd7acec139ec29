/**
 * Where a log is scrolled to: rows of one fixed height in a range that may be longer than a browser can make an element.
 *
 * `top` is where the upper edge stands in the whole (row × ROW). Up to `LONGEST` the browser's scrollTop is the same number.
 * Beyond, the first and last `EDGE` still are one to one and what is between is squeezed; a short move counts as it is, a
 * long one (the scrollbar) goes where it points, and once all is at rest the scrollbar is set to where it belongs. So
 * nothing drifts. Pure: elements are lines.tsx's.
 */

export const ROW = 22
/** Firefox ends at 17.9 million device pixels: this holds for a page four times enlarged. */
export const LONGEST = 4_000_000
const EDGE = 1_000_000
/** A move of more views than these is a jump. */
const SHORT = 3

export interface Span {
  /** How far `top` can go. */
  readonly most: number
  /** How far the element scrolls. */
  readonly mostScroll: number
  readonly view: number
}

/** Of so many rows in a view of so many pixels. Wrapped, any row may be the last one that fits: one view more. */
export function spanOf(rows: number, view: number, wrapped = false): Span {
  const most = Math.max(0, wrapped ? rows * ROW : rows * ROW - view)
  return { most, mostScroll: Math.min(most, LONGEST), view }
}

/** The scrollTop that belongs to a `top`. */
export function scrollOf(top: number, { most, mostScroll }: Span): number {
  if (most <= mostScroll || top <= EDGE) return top
  if (most - top <= EDGE) return mostScroll - (most - top)
  return EDGE + ((top - EDGE) / (most - 2 * EDGE)) * (mostScroll - 2 * EDGE)
}

/** The `top` that belongs to a scrollTop. */
export function topOf(scroll: number, { most, mostScroll }: Span): number {
  if (most <= mostScroll || scroll <= EDGE) return Math.min(Math.max(scroll, 0), most)
  if (mostScroll - scroll <= EDGE) return Math.min(most, most - (mostScroll - scroll))
  return EDGE + ((scroll - EDGE) / (mostScroll - 2 * EDGE)) * (most - 2 * EDGE)
}

/** The `top` after the element moved from one scrollTop to another. */
export function movedTop(top: number, before: number, scroll: number, span: Span): number {
  const step = scroll - before
  const isEnd = scroll <= 0 || scroll >= span.mostScroll - 1
  if (span.most <= span.mostScroll || isEnd || Math.abs(step) > SHORT * span.view) return topOf(scroll, span)
  return Math.min(Math.max(top + step, 0), span.most)
}

/** `top` stands at the end, as near as pixels tell. */
export function isAtEnd(top: number, span: Span): boolean {
  return span.most - top < 2
}

export interface Drawn {
  /** First row, and the one after the last. */
  readonly from: number
  readonly to: number
  /** Where the first row begins in the view (px). */
  readonly offset: number
}

const OVER = 3

/** The rows to draw, each ROW high. */
export function drawnAt(top: number, rows: number, view: number): Drawn {
  const from = Math.max(0, Math.floor(top / ROW) - OVER)
  const to = Math.min(rows, Math.ceil((top + view) / ROW) + OVER)
  return { from, to, offset: from * ROW - top }
}

export interface Anchored extends Drawn {
  /** The row that is held, how much of it lies above the point (0..1), and where that point is in the view (px). */
  readonly row: number
  readonly share: number
  readonly at: number
}

/**
 * The rows to draw when each is as high as it needs. The same share of all rows lies above a point of the view as of the
 * view itself lies above that point: at the start the first row's upper edge, at the end the last row's lower edge. Needs no
 * height of any row that is not drawn. `counted` is what "all rows" were when the reader left the end: lines that come
 * since move nothing.
 */
export function anchoredAt(top: number, rows: number, view: number, counted = rows): Anchored {
  const place = Math.min(top / ROW, rows)
  const row = Math.min(Math.floor(place), Math.max(0, rows - 1))
  const all = Math.min(counted, rows)
  const at = all ? Math.min(place / all, 1) * view : 0
  const from = Math.max(0, row - Math.ceil(at / ROW) - 1)
  const to = Math.min(rows, row + Math.ceil((view - at) / ROW) + 2)
  return { from, to, offset: 0, row, share: place - row, at }
}

/** The `top` that shows a row in the middle of the view. */
export function topFor(row: number, span: Span, wrapped: boolean): number {
  const wanted = wrapped ? (row + 0.5) * ROW : row * ROW - span.view / 2 + ROW / 2
  return Math.min(Math.max(wanted, 0), span.most)
}
