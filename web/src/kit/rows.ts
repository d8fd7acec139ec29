/**
 * Which rows of a long list are in sight, where all have one height: only those need to exist.
 *
 * Drawn again when the first or last row in sight is another one, not at each pixel. `margin` is what scrolls above the
 * rows, `head` what covers their top.
 */

import { type RefObject, useCallback, useLayoutEffect, useState } from 'react'

interface RowsOptions {
  readonly count: number
  readonly height: number
  readonly margin: number
  readonly head: number
  /** Rows drawn beyond what is in sight, above and below. */
  readonly overscan: number
  readonly scroller: () => HTMLElement | null
  /** An element that is there when the scroller is: asked again when it changes. */
  readonly body: RefObject<HTMLElement | null>
}

export interface Rows {
  /** First row to draw, and the one after the last. */
  readonly from: number
  readonly to: number
  /** It does not stand at its top. */
  readonly isScrolled: boolean
  /** Scroll just so far that the row is in sight. */
  readonly show: (index: number) => void
}

interface Sight {
  readonly from: number
  readonly to: number
  readonly isScrolled: boolean
}

/** What is in sight at a scrollTop. Pure. */
export function sightOf(
  scrollTop: number,
  view: number,
  { count, height, margin, overscan }: Pick<RowsOptions, 'count' | 'height' | 'margin' | 'overscan'>,
): Sight {
  const top = scrollTop - margin
  return {
    from: Math.min(count, Math.max(0, Math.floor(top / height) - overscan)),
    to: Math.max(0, Math.min(count, Math.ceil((top + view) / height) + overscan)),
    isScrolled: scrollTop > margin + height / 2,
  }
}

export function useRows(options: RowsOptions): Rows {
  const { count, height, margin, head, overscan, scroller, body } = options
  const [sight, setSight] = useState<Sight>({ from: 0, to: Math.min(count, 2 * overscan), isScrolled: false })
  // biome-ignore lint/correctness/useExhaustiveDependencies: the scroller is found anew when another list is drawn
  useLayoutEffect(() => {
    const element = scroller()
    if (!element) return
    const look = () =>
      setSight(before => {
        const now = sightOf(element.scrollTop, element.clientHeight, { count, height, margin, overscan })
        const isSame =
          now.from === before.from && now.to === before.to && now.isScrolled === before.isScrolled
        return isSame ? before : now
      })
    const watching = new ResizeObserver(look)
    watching.observe(element)
    element.addEventListener('scroll', look, { passive: true })
    look()
    return () => {
      watching.disconnect()
      element.removeEventListener('scroll', look)
    }
  }, [count, height, margin, overscan, body.current])
  // biome-ignore lint/correctness/useExhaustiveDependencies: as above
  const show = useCallback(
    (index: number) => {
      const element = scroller()
      if (!element) return
      const top = margin + index * height
      const above = top - head
      const below = top + height - element.clientHeight
      if (element.scrollTop > above) element.scrollTop = above
      else if (element.scrollTop < below) element.scrollTop = below
    },
    [height, margin, head, body.current],
  )
  return { ...sight, show }
}
