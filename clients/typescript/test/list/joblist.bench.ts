/**
 * What 10,000 rows cost at 500 and 5,000 events a second. By hand, not in a test run:
 *
 *     npx vitest bench --run test/list
 *
 * Sixty frames a second: the events of a frame are folded into the view and taken by the list, which 200 rows and the order
 * listen to. What is measured is the CPU time this takes of each second: first with the view alone, then with the list.
 */
import { bench } from 'vitest'
import { JobList } from '../../src/joblist.ts'
import type { JobDoc } from '../../src/wire.ts'
import { event, FakeLive, job, jobs, moved, submitted, type Unnumbered } from '../fakelive.ts'

const ROWS = 10_000
const SECONDS = 4
const FRAMES = 60

interface Case {
  readonly name: string
  readonly perSecond: number
  readonly q: string
  readonly sort?: 'created' | 'activity' | 'duration'
  readonly rows?: number
}

const CASES: readonly Case[] = [
  { name: 'all, 500/s', perSecond: 500, q: '' },
  { name: 'all, 5,000/s', perSecond: 5_000, q: '' },
  { name: 'filtered, 5,000/s', perSecond: 5_000, q: 'state:running,queued kind:crawl label.subject:sub-*' },
  { name: 'by time, 5,000/s', perSecond: 5_000, q: 'running:>10m' },
  { name: 'by activity, 5,000/s', perSecond: 5_000, q: '', sort: 'activity' },
  { name: 'all, 100,000 rows, 5,000/s', perSecond: 5_000, q: '', rows: 100_000 },
]

const ONCE = { iterations: 1, time: 0, warmupIterations: 0, warmupTime: 0 }
for (const each of CASES) bench(each.name, () => measure(each), ONCE)

async function measure({ name, perSecond, q, sort = 'created', rows = ROWS }: Case): Promise<void> {
  const all = Array.from({ length: rows }, (_, index) => documentOf(index, rows))
  const alone = new FakeLive()
  const live = new FakeLive()
  const list = new JobList(
    { live, rest: { list: async () => ({ jobs: [], now: '' }) } },
    { q, sort, most: 2 * rows },
  )
  alone.follow([list.topic])
  list.open()
  for (const each of [alone, live]) each.snapshot(list.topic, jobs(...all))
  for (const { id } of all.slice(-200)) list.subscribeRow(id, () => undefined)
  const view = await cost(alone, all, perSecond)
  const whole = await cost(live, all, perSecond)
  const shown = list.state.ids.length
  list.close()
  const line = `view ${view.toFixed(1)} ms/s, list ${(whole - view).toFixed(1)} ms/s of CPU`
  process.stdout.write(`${name.padEnd(28)} ${String(shown).padStart(7)} shown: ${line}\n`)
}

/** CPU milliseconds of each second, everything in it: timers, garbage, and making the events. */
async function cost(live: FakeLive, all: readonly JobDoc[], perSecond: number): Promise<number> {
  const before = process.cpuUsage()
  const start = performance.now()
  for (let frame = 0; frame < SECONDS * FRAMES; frame += 1) {
    live.send(...eventsOf(all, Math.round(perSecond / FRAMES), frame))
    await new Promise(resolve =>
      setTimeout(resolve, start + ((frame + 1) * 1_000) / FRAMES - performance.now()),
    )
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000 / SECONDS
}

function documentOf(index: number, rows: number): JobDoc {
  const started_at = new Date(Date.parse('2026-11-22T07:00:00.000Z') + index).toISOString()
  const attempts = {
    1: { number: 1, worker: 'w', instance: 'i', phase: 'started', offered_at: started_at, started_at },
  } as const
  const isRunning = index > rows / 2
  const labels = { subject: `sub-${index % 100}` }
  return job(`J${String(index).padStart(8, '0')}`, {
    labels,
    ...(isRunning ? { state: 'running', attempt: 1, attempts, started_at } : {}),
  })
}

/** As they come: mostly progress of what is newest, a few states, a few new jobs. */
function eventsOf(all: readonly JobDoc[], number: number, frame: number): Unnumbered[] {
  return Array.from({ length: number }, (_, index) => {
    const place = (frame * 7_919 + index * 104_729) % all.length
    const isVisible = index % 10 < 6
    const chosen = all[isVisible ? all.length - 1 - (place % 200) : place] as JobDoc
    if (index % 50 === 0) return submitted(job(`K${String(frame * 1_000 + index).padStart(8, '0')}`))
    if (index % 25 === 0) return moved(chosen, chosen.state === 'running' ? 'queued' : 'running')
    const progress = { at: '2026-11-22T08:00:00.000Z', overall: (frame % 100) / 100, current: index }
    return event(chosen, 'job.progressed', {
      set: { progress, attempts: { 1: { progress_at: progress.at } } },
    })
  })
}
