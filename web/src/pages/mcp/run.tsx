/** The form of a tool, and beside it the job that was made from it, live: the same form and parts as on their own pages. */

import type { JobDoc, KindDoc } from '@headway/client'
import { useHeadway, useJob, useNow } from '@headway/client/react'
import { Ban } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { Link } from '../../app/router.tsx'
import { tell } from '../../app/toasts.tsx'
import { StateBadge } from '../../kit/badge.tsx'
import type { Freshness } from '../../kit/bar.tsx'
import { Button } from '../../kit/button.tsx'
import { Panel, Problem } from '../../kit/panel.tsx'
import { attemptOf, lookOfJob, shortId } from '../../words/jobs.ts'
import { AnswerInput } from '../job/answer.tsx'
import { deedsOf } from '../job/deeds.ts'
import { HowFar, Sign } from '../job/face.tsx'
import { Failure } from '../job/failure.tsx'
import { Result } from '../job/inout.tsx'
import { mayAskWhy } from '../job/obstacles.ts'
import { StageTrack } from '../job/track.tsx'
import { useCountedTo } from '../job/usecounted.ts'
import { useUnapproved } from '../job/useunapproved.ts'
import { WhyNot } from '../job/why.tsx'
import { NewJobForm } from '../new/form.tsx'

interface RunProps {
  kind: KindDoc
  job: string | undefined
  onJob: (job: string) => void
}

const NOTHING = { args: {}, options: {} }

export function RunTool({ kind, job, onJob }: RunProps) {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    place.current?.scrollIntoView({ block: 'nearest' }) // whoever comes by its address did not press a button beside it
  }, [])
  return (
    <div ref={place} className="grid scroll-my-4 items-start gap-3 lg:grid-cols-2">
      <NewJobForm name={kind.name} kind={kind} start={NOTHING} onSubmitted={onJob} />
      {job ? (
        <LiveJob key={job} id={job} />
      ) : (
        <Panel title="The job">
          <p className="text-sm text-soft">Once it runs, its progress and what comes of it stand here.</p>
        </Panel>
      )}
    </div>
  )
}

function LiveJob({ id }: { id: string }) {
  const { job, error, freshness, quietS } = useJob(id)
  if (!job) return error ? <Problem error={error} /> : <Panel title="The job">{null}</Panel>
  return <Shown job={job} freshness={freshness} quietS={quietS} />
}

interface ShownProps {
  job: JobDoc
  freshness: Freshness
  quietS: number
}

function Shown({ job, freshness, quietS }: ShownProps) {
  const now = useNow()
  const counted = useCountedTo(job, now, freshness)
  const attempt = attemptOf(job)
  const unapproved = useUnapproved(job)
  const sign = { job, now, countedTo: counted, freshness, quietS, unapproved }
  return (
    <section aria-label="The job" className="flex min-w-0 flex-col gap-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <StateBadge look={lookOfJob(job)} state={job.state} />
        <Link
          to="/jobs/$id"
          params={{ id: job.id }}
          className="min-w-0 flex-1 truncate text-sm leading-6 text-accent hover:underline"
        >
          Job …{shortId(job.id)} with its log
        </Link>
        <CancelButton job={job} />
      </div>
      <AnswerInput job={job} />
      <section
        aria-label="Progress"
        className="flex flex-col gap-2.5 rounded-lg border border-line bg-card p-3 sm:p-4"
      >
        <HowFar {...sign} />
        <Sign {...sign} />
      </section>
      {mayAskWhy(job, attempt?.phase, freshness === 'quiet') && <WhyNot job={job} />}
      <StageTrack attempt={attempt} now={now} freshness={freshness} />
      {job.error && <Failure error={job.error} />}
      {job.state === 'completed' && (
        <Panel title="Result">
          <Result job={job} />
        </Panel>
      )}
    </section>
  )
}

function CancelButton({ job }: { job: JobDoc }) {
  const headway = useHeadway()
  const [busy, setBusy] = useState(false)
  const can = deedsOf(job)
  if (!can.cancel && !can.cancelling) return null
  async function cancel(): Promise<void> {
    setBusy(true)
    await tell(headway.cancel(job.id), after =>
      after.state === 'cancelling' ? 'Asked to stop; it is cancelling' : `It is ${after.state}`,
    )
    setBusy(false)
  }
  return (
    <Button small weight="danger" icon={Ban} busy={busy} disabled={can.cancelling} onClick={cancel}>
      {can.cancelling ? 'Cancelling…' : 'Cancel'}
    </Button>
  )
}
