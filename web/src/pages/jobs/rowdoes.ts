/** What a row may ask its page for. One object for all rows, the same all the time, so that rows stay as they are. */

import { useMemo, useRef } from 'react'
import type { BulkAction } from '../../app/copyas.ts'

export interface RowDoes {
  /** It has the focus now. */
  readonly activate: (id: string) => void
  readonly select: (id: string, isRange: boolean) => void
  readonly open: (id: string, tab?: string) => void
  readonly act: (action: BulkAction, id: string) => void
  readonly copyId: (id: string) => void
  readonly showCode: (id: string) => void
  readonly filterBy: (id: string, key: 'kind' | 'queue') => void
}

/** The newest functions behind an object that never changes. */
export function useStable(does: RowDoes): RowDoes {
  const latest = useRef(does)
  latest.current = does
  return useMemo(
    () => ({
      activate: id => latest.current.activate(id),
      select: (id, isRange) => latest.current.select(id, isRange),
      open: (id, tab) => latest.current.open(id, tab),
      act: (action, id) => latest.current.act(action, id),
      copyId: id => latest.current.copyId(id),
      showCode: id => latest.current.showCode(id),
      filterBy: (id, key) => latest.current.filterBy(id, key),
    }),
    [],
  )
}
