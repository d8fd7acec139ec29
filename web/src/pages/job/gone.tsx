/** What stands where a job should: it loads, there is none, or it went while one looked. */

import { useConnection } from '@headway/client/react'
import { SearchX, Trash2 } from 'lucide-react'
import { useEffect, useState } from 'react'
import { keptList } from '../../app/neighbours.ts'
import { Link } from '../../app/router.tsx'
import { Empty, Page } from '../../kit/panel.tsx'

const LOOK =
  'inline-flex h-8 items-center rounded-md border border-line-strong bg-raised px-3 text-sm font-medium text-ink hover:bg-hover'

export function NoSuchJob({ id }: { id: string }) {
  const { q, sort } = keptList()
  return (
    <Page title="No such job">
      <Empty icon={SearchX} title="There is no job with this id">
        <p className="font-mono text-xs break-all">{id}</p>
        <p className="mt-2">It was deleted, or the address is cut short: ids have 26 characters.</p>
        <p className="mt-4 flex flex-wrap justify-center gap-2">
          <Link to="/jobs" search={{ q, sort }} className={LOOK}>
            All jobs
          </Link>
          <Link to="/jobs" search={{ q: `"${id.slice(-6)}"` }} className={LOOK}>
            Search for …{id.slice(-6)}
          </Link>
        </p>
      </Empty>
    </Page>
  )
}

/** Said above the last that was known of it. */
export function WasDeleted() {
  return (
    <p
      role="status"
      data-tone="warn"
      className="tone tone-tint flex flex-wrap items-center gap-2 rounded-md px-3 py-2 text-sm"
    >
      <Trash2 aria-hidden size={16} className="tone-text" />
      <span className="min-w-0 flex-1">
        This job was deleted while you looked at it. Below is the last that was known.
      </span>
      <Link to="/jobs" className="text-accent underline-offset-2 hover:underline">
        All jobs
      </Link>
    </p>
  )
}

const PATIENCE_MS = 200

/** Nothing for a moment, then the shape of what comes. */
export function Loading() {
  const { fresh, state } = useConnection()
  const [late, setLate] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), PATIENCE_MS)
    return () => clearTimeout(timer)
  }, [])
  if (!late) return null
  return (
    <Page title="Job">
      <div aria-hidden className="flex flex-col gap-3">
        <div className="h-40 rounded-lg border border-line bg-card" />
        <div className="h-16 rounded-lg border border-line bg-card" />
        <div className="h-64 rounded-lg border border-line bg-card" />
      </div>
      <p className={fresh ? 'sr-only' : 'text-sm text-soft'}>
        {fresh || state === 'connecting'
          ? 'Loading the job'
          : 'There is no connection to the server. The job is shown as soon as there is one.'}
      </p>
    </Page>
  )
}
