/** What the compiler must accept and refuse of the hooks' types. Nothing runs: `tsc -b` is the test. */
import type { JobHandle } from '../../src/job.ts'
import type { JobList } from '../../src/joblist.ts'
import {
  JobProgress,
  useJob,
  useJobEvents,
  type useJobRow,
  useJobs,
  type useNow,
  useQueue,
  useSaved,
  useSubmit,
  useTopic,
  useWorkers,
} from '../../src/react/index.ts'
import type { JobDoc, WireEvent } from '../../src/wire.ts'

/** Compiles only where `T` is exactly `Expected`. */
type Exactly<T, Expected> =
  (<X>() => X extends T ? 1 : 2) extends <X>() => X extends Expected ? 1 : 2 ? true : never
declare function exactly<T, Expected>(yes: Exactly<T, Expected>): void

export function Component(list: JobList): void {
  const job = useJob('J')
  exactly<typeof job.data, JobDoc | undefined>(true)
  if (job.isSuccess) exactly<typeof job.data, JobDoc>(true)
  if (job.status === 'pending') exactly<typeof job.data, undefined>(true)
  if (job.isError) job.error.hint.toUpperCase()
  // @ts-expect-error: there is an error only when it failed
  job.error.hint.toUpperCase()

  const share = useJob('J', { select: each => each.progress?.overall ?? 0 })
  if (share.isSuccess) exactly<typeof share.data, number>(true)
  exactly<typeof share.job, JobDoc | undefined>(true)
  // @ts-expect-error: `select` is given a document
  useJob('J', { select: (each: number) => each })
  // @ts-expect-error: onSettled is given the document, not a result
  useJob('J', { onSettled: (result: string) => result })

  const jobs = useJobs({ q: 'state:running', sort: 'priority' })
  exactly<typeof jobs.jobs, readonly JobDoc[]>(true)
  exactly<(typeof jobs.counts & object)['queued'], number | undefined>(true)
  // @ts-expect-error: rows are never changed in place
  jobs.jobs.push(list.row('J'))
  // @ts-expect-error: there is no such order
  useJobs({ sort: 'colour' })
  // @ts-expect-error: the order of a list is nobody's to change
  jobs.ids[0] = 'J'
  exactly<ReturnType<typeof useJobRow>, JobDoc | undefined>(true)

  const submit = useSubmit<{ url: string }, { pages: number }>('crawl')
  exactly<typeof submit.job, JobHandle<{ pages: number }> | undefined>(true)
  void submit.submit({ url: 'x' }, { priority: 5 })
  // @ts-expect-error: `url` is missing
  void submit.submit({})

  const views = useSaved('views')
  if (views.isSuccess) exactly<(typeof views.data)[number]['body']['q'], string>(true)
  const templates = useSaved('templates')
  if (templates.isSuccess) exactly<(typeof templates.data)[number]['body']['kind'], string>(true)
  // @ts-expect-error: there is no such section
  useSaved('colours')

  const number = useTopic(['workers', 'queues'], { select: seen => seen.all('queue', 'queues').length })
  if (number.isSuccess) exactly<typeof number.data, number>(true)
  const events = useJobEvents('J', { types: ['job.failed'] })
  if (events.isSuccess) exactly<typeof events.data, readonly WireEvent[]>(true)
  exactly<ReturnType<typeof useNow>, number>(true)
  useQueue(undefined, { enabled: false })
  useWorkers({ jobs: true })
  useWorkers({
    // @ts-expect-error: yes or no
    jobs: 3,
  })

  JobProgress({ id: 'J' })
  // @ts-expect-error: an id or a document, not both
  JobProgress({ id: 'J', job: list.row('J') as JobDoc })
  // @ts-expect-error: one of them
  JobProgress({})
}
