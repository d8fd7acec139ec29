/** The list itself: waiting, broken, empty or full of rows, with what floats over it. */

import { ArrowUp, MessageCircleQuestionMark, SearchX } from 'lucide-react'
import { type ComponentProps, lazy, type ReactNode, Suspense, useEffect, useState } from 'react'
import { whenThere } from '../../app/loading.ts'
import { Button } from '../../kit/button.tsx'
import { Empty, Problem } from '../../kit/panel.tsx'
import { amount } from '../../words/numbers.ts'
import type { Jobs } from './jobs.ts'
import { Table } from './table.tsx'

const FirstRun = lazy(
  whenThere(() => import('./firstrun.tsx').then(module => ({ default: module.FirstRun }))),
)

type ListProps = ComponentProps<typeof Table> & {
  q: string
  onClear: () => void
  onShowNew: () => void
  /** What floats at its foot. */
  children: ReactNode
}

export function List({ q, onClear, onShowNew, children, ...table }: ListProps) {
  const { jobs, isPhone } = table
  return (
    <div
      className={`relative ${isPhone ? '' : 'min-h-0 flex-1 overflow-hidden rounded-lg border border-line bg-card'}`}
    >
      <Content q={q} onClear={onClear} {...table} />
      {jobs.newCount > 0 && (
        <div
          className={`z-20 flex justify-center ${isPhone ? 'sticky bottom-28 -mt-8' : 'absolute inset-x-0 top-10'}`}
        >
          <Button
            small
            weight="primary"
            icon={ArrowUp}
            className="rounded-full shadow-raised"
            onClick={onShowNew}
          >
            {amount(jobs.newCount)} new
          </Button>
        </div>
      )}
      <div
        className={`pointer-events-none z-20 flex flex-col items-center gap-2 px-3 ${isPhone ? 'sticky bottom-3' : 'absolute inset-x-0 bottom-3'}`}
      >
        {jobs.moreError && (
          <div className="pointer-events-auto w-full max-w-lg rounded-md bg-raised shadow-raised">
            <Problem error={jobs.moreError}>
              <Button small onClick={() => void jobs.loadMore()}>
                Try again
              </Button>
            </Problem>
          </div>
        )}
        {children}
      </div>
    </div>
  )
}

type ContentProps = Omit<ListProps, 'children' | 'onShowNew'>

function Content({ q, onClear, ...table }: ContentProps) {
  const { jobs } = table
  if (jobs.ids.length > 0) return <Table {...table} />
  if (jobs.status === 'pending' || (jobs.isLoadingMore && !jobs.moreError)) return <Waiting />
  if (jobs.status === 'error') return <Wrong jobs={jobs} />
  if (jobs.hasMore && !jobs.moreError) return <Waiting />
  if (q !== '') return <NothingFits onClear={onClear} />
  return (
    <Suspense fallback={<Waiting />}>
      <FirstRun />
    </Suspense>
  )
}

function Wrong({ jobs }: { jobs: Jobs }) {
  // a filter that is wrong is said at the search box
  if (jobs.error?.code !== 'invalid_input') return <Problem error={jobs.error} />
  return <Empty icon={MessageCircleQuestionMark} title="This filter cannot be read" />
}

const SOON_MS = 200
const BARS = ['70%', '55%', '80%', '40%', '65%', '75%', '50%', '60%'] as const

/** Nothing for a moment, then the shape of what comes. */
function Waiting() {
  const [shown, setShown] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), SOON_MS)
    return () => clearTimeout(timer)
  }, [])
  return (
    <div aria-busy className="flex flex-col p-3">
      <span className="sr-only">Waiting for the first consistent picture</span>
      {shown &&
        BARS.map(width => (
          <div key={width} className="flex h-11 items-center border-b border-line">
            <div className="h-3 rounded bg-well motion-safe:animate-pulse" style={{ width }} />
          </div>
        ))}
    </div>
  )
}

/** The filter leaves nothing. */
function NothingFits({ onClear }: { onClear: () => void }) {
  return (
    <Empty icon={SearchX} title="No job matches">
      <p className="mb-3">A job that does appears here by itself.</p>
      <Button onClick={onClear}>Clear the filter</Button>
    </Empty>
  )
}
