/** Why it is not running: every obstacle in the server's words, each with the way out and where it can be seen. */

import { type JobDoc, type Reason, stringifyJson } from '@headway/client'
import { type Seen, useHeadway, useNow, useQueues, useTopic } from '@headway/client/react'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Hand } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { Link } from '../../app/router.tsx'
import { useSettings } from '../../app/settings.ts'
import { tell } from '../../app/toasts.tsx'
import { Button } from '../../kit/button.tsx'
import { CopyButton } from '../../kit/copy.tsx'
import { Panel, Problem } from '../../kit/panel.tsx'
import { clock, instant } from '../../words/numbers.ts'
import { type Way, waysOf, withoutCount } from './obstacles.ts'

const EVERY_MS = 2_000

export function WhyNot({ job }: { job: JobDoc }) {
  const headway = useHeadway()
  const moved = useSpaced(`${job.seq} ${useSurroundings()}`, EVERY_MS)
  const { data, error } = useQuery({
    queryKey: ['why', job.id, moved],
    queryFn: ({ signal }) => headway.why(job.id, { signal }),
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
  })
  const title = job.state === 'running' ? 'Why does nothing move?' : 'Why is it not running?'
  if (error && !data) return <Problem error={error} />
  const reasons = data?.reasons.filter(reason => reason.code !== 'needs_input') ?? [] // its form stands above
  if (!reasons.length) return null
  return (
    <Panel title={title}>
      <ul className="flex flex-col gap-3">
        {reasons.map(reason => (
          <Obstacle key={reason.code} job={job} reason={reason} />
        ))}
      </ul>
      {data?.partial && <p className="mt-2 text-xs text-soft">So many jobs run that not all were counted.</p>}
    </Panel>
  )
}

/** Moves whenever a queue, a worker or a kind does. */
function useSurroundings(): string {
  const queues = useQueues()
  const newest = useTopic(FOLLOWED, { select: newestOf, throttleMs: EVERY_MS })
  return `${stringifyJson(queues.data ?? [])} ${newest.data ?? 0}`
}

const FOLLOWED = ['workers', 'kinds']

function newestOf(seen: Seen): number {
  const documents = [...seen.all('worker', 'workers'), ...seen.all('kind', 'kinds')]
  return documents.reduce((most, each) => Math.max(most, Number(each.seq ?? 0)), 0)
}

/** The value, changing at most so often; the last one always comes. */
function useSpaced(value: string, everyMs: number): string {
  const [spaced, setSpaced] = useState(value)
  const changedAt = useRef(Number.NEGATIVE_INFINITY)
  useEffect(() => {
    const wait = Math.max(0, changedAt.current + everyMs - performance.now())
    const timer = setTimeout(() => {
      changedAt.current = performance.now()
      setSpaced(value)
    }, wait)
    return () => clearTimeout(timer)
  }, [value, everyMs])
  return spaced
}

/** The server writes instants as machines do; people read them in their own zone. */
const INSTANT = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g

function Obstacle({ job, reason }: { job: JobDoc; reason: Reason }) {
  const headway = useHeadway()
  const { zone } = useSettings()
  const text = withoutCount(reason.text).replaceAll(INSTANT, at => instant(at, 'day', zone))
  const hint = reason.code === 'held' ? undefined : reason.hint // the button below is the way out
  const ways = waysOf(job, reason)
  const command = hint?.match(/(^|: )(headway .+)$/)?.[2]
  return (
    <li
      className="tone border-l-2 border-[var(--tone)] pl-3 text-sm"
      data-tone={reason.code === 'next' ? 'completed' : 'warn'}
    >
      <p className="break-words">
        {text}
        {reason.run_at && <Countdown to={reason.run_at} />}
      </p>
      {hint && (
        <p className="flex flex-wrap items-center gap-x-1 text-soft">
          <span className={`min-w-0 break-words ${command === hint ? 'font-mono text-xs' : ''}`}>{hint}</span>
          {command && <CopyButton text={command} label="Copy the command" />}
        </p>
      )}
      {(ways.length > 0 || reason.code === 'held') && (
        <p className="mt-1 flex flex-wrap gap-x-3 gap-y-1">
          {reason.code === 'held' && (
            <Button small icon={Hand} onClick={() => tell(headway.release(job.id), 'Released')}>
              Release
            </Button>
          )}
          {ways.map(way => (
            <WayLink key={`${way.to} ${way.word}`} way={way} />
          ))}
        </p>
      )}
    </li>
  )
}

function Countdown({ to }: { to: string }) {
  const left = (Date.parse(to) - useNow()) / 1000
  return <span className="text-soft"> {left > 0 ? `In ${clock(left)}.` : 'Any moment.'}</span>
}

function WayLink({ way }: { way: Way }) {
  const look = 'inline-block max-w-full truncate leading-6 text-accent underline-offset-2 hover:underline'
  if (way.to === '/jobs/$id') {
    return (
      <Link to="/jobs/$id" params={{ id: way.id ?? '' }} className={look}>
        {way.word}
      </Link>
    )
  }
  if (way.to === '/jobs') {
    return (
      <Link to="/jobs" search={{ q: way.q }} className={look}>
        {way.word}
      </Link>
    )
  }
  return (
    <Link to={way.to} search={{ show: way.show }} className={look}>
      {way.word}
    </Link>
  )
}
