/** The page of one job: puts together what the other files draw, and keeps its state in the address (tab, at). */

import type { JobDoc } from '@headway/client'
import { useJob, useNow } from '@headway/client/react'
import { ChevronLeft, ChevronRight } from 'lucide-react'
import { useState } from 'react'
import { announce } from '../../app/announce.tsx'
import { useKeys } from '../../app/keys.ts'
import { keptList, neighbour } from '../../app/neighbours.ts'
import { useTitle } from '../../app/pulse.ts'
import { addressOf, Link } from '../../app/router.tsx'
import { StateBadge } from '../../kit/badge.tsx'
import type { Freshness } from '../../kit/bar.tsx'
import { Button } from '../../kit/button.tsx'
import { CopyButton } from '../../kit/copy.tsx'
import { Page, Problem } from '../../kit/panel.tsx'
import { attemptOf, lookOfJob, shortId } from '../../words/jobs.ts'
import { percent } from '../../words/numbers.ts'
import { ACTIVE } from '../../words/states.ts'
import { Actions } from './actions.tsx'
import { AnswerInput } from './answer.tsx'
import { Face } from './face.tsx'
import { overallOf, stagePath } from './facts.ts'
import { Loading, NoSuchJob, WasDeleted } from './gone.tsx'
import { KindLink } from './links.tsx'
import { LivePicture } from './livepicture.tsx'
import { mayAskWhy } from './obstacles.ts'
import { JobTabs } from './tabs.tsx'
import { seeTotal, type TotalSeen } from './timeleft.ts'
import { StageTrack } from './track.tsx'
import { TravelBar } from './travelbar.tsx'
import { useCountedTo } from './usecounted.ts'
import { usePast } from './usepast.ts'
import { useUnapproved } from './useunapproved.ts'
import { WhyNot } from './why.tsx'

const route = addressOf('/jobs/$id')

export function JobPage() {
  const { id } = route.useParams()
  return <OneJob key={id} id={id} />
}

function OneJob({ id }: { id: string }) {
  const answer = useJob(id, { onStage: announceStage, onSettled: announceEnd })
  const [last, setLast] = useState<JobDoc>()
  if (answer.job && answer.job !== last) setLast(answer.job)
  const job = answer.job ?? last
  if (!job) {
    if (answer.isPending) return <Loading />
    if (answer.error?.code === 'not_found') return <NoSuchJob id={id} />
    return (
      <Page title="Job">
        <Problem error={answer.error} />
      </Page>
    )
  }
  return <Shown job={job} freshness={answer.freshness} quietS={answer.quietS} deleted={!answer.job} />
}

function announceStage(stage: string | null, job: JobDoc): void {
  if (stage) announce(`${job.kind}: stage ${stagePath(stage)}`)
}
function announceEnd(job: JobDoc): void {
  announce(`${job.kind}: ${lookOfJob(job).word}`)
}

interface ShownProps {
  job: JobDoc
  freshness: Freshness
  quietS: number
  deleted: boolean
}

/** The job of now, or as it was at the event of the address. */
function Shown({ job: present, freshness, quietS, deleted }: ShownProps) {
  const { at, tab, L } = route.useSearch()
  const navigate = route.useNavigate()
  const travel = usePast(present.id, at, present.seq)
  const clock = useNow()
  const { past } = travel
  const isPast = at !== undefined
  const job = past?.job ?? present
  const now = past ? Date.parse(past.event.at) : clock
  const sign = isPast ? ({ freshness: 'fresh', quietS: 0 } as const) : { freshness, quietS }
  const [troubles, setTroubles] = useState(false)
  const go = (seq: number | undefined) =>
    void navigate({ search: before => ({ ...before, at: seq }), replace: true })
  const select = (tab: string) =>
    void navigate({
      search: before => ({ ...before, tab: tab === 'overview' ? undefined : tab }),
      replace: true,
    })
  const counted = useCountedTo(job, now, sign.freshness)
  const totalWas = useTotalWas(job)
  const unapproved = useUnapproved(present)
  useTitle(titleOf(present))
  return (
    <Page
      title={<KindLink kind={job.kind} />}
      about={<Identity job={job} isPast={isPast} />}
      full={(tab ?? (L && 'logs')) === 'logs' && 'least'}
      actions={!isPast && !deleted && <Actions job={present} onLookBack={() => go(present.seq)} />}
    >
      {isPast && <TravelBar travel={travel} onGo={go} />}
      {deleted && <WasDeleted />}
      {!isPast && !deleted && <AnswerInput job={present} />}
      <Face
        job={job}
        now={now}
        countedTo={counted}
        {...sign}
        totalWas={totalWas}
        isPast={isPast}
        unapproved={unapproved && !isPast}
        onTroubles={() => {
          setTroubles(true)
          select('events')
        }}
      />
      {!isPast && !deleted && mayAskWhy(present, attemptOf(present)?.phase, freshness === 'quiet') && (
        <WhyNot job={present} />
      )}
      {!isPast && !deleted && <LivePicture job={present} />}
      <StageTrack attempt={attemptOf(job)} now={now} freshness={sign.freshness} />
      <JobTabs
        job={job}
        now={now}
        at={at}
        troubles={troubles}
        onTroubles={setTroubles}
        onSelect={select}
        onLookBack={go}
      />
    </Page>
  )
}

/** State, id, and the way along the list one came from. */
function Identity({ job, isPast }: { job: JobDoc; isPast: boolean }) {
  const { ids, q, sort } = keptList()
  const navigate = route.useNavigate()
  const [earlier, later] = [neighbour(ids, job.id, -1), neighbour(ids, job.id, 1)]
  const open = (id: string | undefined) =>
    id && void navigate({ params: { id }, search: ({ tab }) => ({ tab }) })
  useKeys([
    { keys: '[', does: 'Previous job of the list', group: 'Job', run: () => open(earlier) },
    { keys: ']', does: 'Next job of the list', group: 'Job', run: () => open(later) },
  ])
  return (
    <span className="flex flex-wrap items-center gap-x-2 gap-y-1 pt-1">
      <StateBadge look={lookOfJob(job)} state={job.state} />
      {isPast && <span className="text-xs font-medium text-scheduled">as it was</span>}
      <span className="inline-flex items-center font-mono text-xs" title={job.id}>
        …{shortId(job.id)}
        <CopyButton text={job.id} label="Copy the id" />
      </span>
      <Link to="/jobs" search={{ q, sort }} className="text-accent underline-offset-2 hover:underline">
        All jobs
      </Link>
      {(earlier || later) && (
        <span className="inline-flex">
          <Button
            small
            weight="quiet"
            icon={ChevronLeft}
            label="Previous job of the list"
            disabled={!earlier}
            onClick={() => open(earlier)}
          />
          <Button
            small
            weight="quiet"
            icon={ChevronRight}
            label="Next job of the list"
            disabled={!later}
            onClick={() => open(later)}
          />
        </span>
      )}
    </span>
  )
}

function useTotalWas(job: JobDoc): number | undefined {
  const [seen, see] = useState<TotalSeen>()
  const next = seeTotal(seen, `${job.attempt}/${job.progress?.stage ?? ''}`, job.progress?.total)
  if (next !== seen) see(next)
  return next.was
}

function titleOf(job: JobDoc): string {
  const share = ACTIVE.has(job.state) && !job.input ? overallOf(job) : undefined
  return `${job.kind} ${typeof share === 'number' ? percent(share) : lookOfJob(job).word}`
}
