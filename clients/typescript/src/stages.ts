/**
 * The plan of an attempt laid out as rows, each with how far it is: what a stage track or a list of stages draws.
 *
 * Stages are keyed by path (`parse`, `parse/inner`). A stage that was begun without being planned comes after the planned
 * ones of its level. Pure. Must never know views. Used by react/job.ts and quiet.ts.
 */
import type { AttemptDoc, JobDoc, StageDoc, StageSpec } from './wire.ts'

export interface StageRow {
  /** `parse/inner`: unique in its attempt. */
  readonly path: string
  readonly name: string
  /** 0 for a stage of the plan's first level. */
  readonly depth: number
  /** Share among its siblings; of a stage nobody planned: 0. */
  readonly weight: number
  readonly state: 'waiting' | 'running' | 'completed'
  /** 0 to 1; undefined while it is not known. A completed one has 1. */
  readonly fraction: number | undefined
  /** It runs, and its end is not known. */
  readonly indeterminate: boolean
  readonly stage: StageDoc | undefined
}

/** The attempt that holds the job now or held it last; undefined: it was never offered. */
export function currentAttempt(job: JobDoc): AttemptDoc | undefined {
  return job.attempts?.[String(job.attempt)]
}

/** All attempts that are kept, oldest first. */
export function attemptsOf(job: JobDoc): AttemptDoc[] {
  return Object.values(job.attempts ?? {}).sort((one, other) => one.number - other.number)
}

/** The stages of the current attempt, depth first, in the order of the plan. */
export function stagesOf(job: JobDoc): StageRow[] {
  const attempt = currentAttempt(job)
  const stages = attempt?.stages ?? {}
  const planned = rowsOf(attempt?.plan ?? [], '', 0, stages)
  const known = new Set(planned.map(row => row.path))
  for (const path of Object.keys(stages)
    .filter(path => !known.has(path))
    .sort(byStart(stages))) {
    const parent = path.slice(0, Math.max(path.lastIndexOf('/'), 0))
    const place = planned.findLastIndex(row => row.path === parent || row.path.startsWith(`${parent}/`))
    const row = rowOf(path, path.split('/').length - 1, 0, stages[path])
    planned.splice(parent && place >= 0 ? place + 1 : planned.length, 0, row)
  }
  return planned
}

/** What the plan says of a stage. */
export function specOf(plan: readonly StageSpec[] | undefined, path: string): StageSpec | undefined {
  let level = plan
  let found: StageSpec | undefined
  for (const name of path.split('/')) {
    found = level?.find(spec => spec.name === name)
    level = found?.stages
  }
  return found
}

type Stages = Readonly<Record<string, StageDoc>>

function rowsOf(plan: readonly StageSpec[], above: string, depth: number, stages: Stages): StageRow[] {
  return plan.flatMap(spec => {
    const path = above + spec.name
    const inner = rowsOf(spec.stages ?? [], `${path}/`, depth + 1, stages)
    return [rowOf(path, depth, spec.weight, stages[path]), ...inner]
  })
}

function rowOf(path: string, depth: number, weight: number, stage: StageDoc | undefined): StageRow {
  const state = stage?.state ?? 'waiting'
  const fraction = state === 'completed' ? 1 : stage?.fraction
  const indeterminate = state === 'running' && fraction === undefined
  return {
    path,
    name: path.slice(path.lastIndexOf('/') + 1),
    depth,
    weight,
    state,
    fraction,
    indeterminate,
    stage,
  }
}

function byStart(stages: Stages): (one: string, other: string) => number {
  return (one, other) => ((stages[one]?.started_at ?? '') < (stages[other]?.started_at ?? '') ? -1 : 1)
}
