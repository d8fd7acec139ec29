/**
 * Making jobs of a kind from a component: what a form or a button needs.
 *
 * Must never know how the job goes on: give `job.id` to useJob.
 */
import { useCallback, useEffect, useRef, useState } from 'react'
import type { HeadwayError } from '../errors.ts'
import { failureOf } from '../failing.ts'
import type { JobHandle } from '../job.ts'
import type { SubmitOptions } from '../jobs.ts'
import { useHeadway } from './provider.ts'

interface Idle {
  readonly status: 'idle' | 'pending'
  readonly data: undefined
  readonly error: null
}
interface Failed {
  readonly status: 'error'
  readonly data: undefined
  readonly error: HeadwayError
}
interface Made<Out> {
  readonly status: 'success'
  readonly data: JobHandle<Out>
  readonly error: null
}
type Submission<Out> = Idle | Failed | Made<Out>

export type SubmitAnswer<Args, Out> = Submission<Out> & {
  /** The job of the newest submit. */
  readonly job: JobHandle<Out> | undefined
  readonly isIdle: boolean
  readonly isPending: boolean
  readonly isError: boolean
  readonly isSuccess: boolean
  /** Rejects with what the server refused; `error` has it too. */
  readonly submit: (args: Args, options?: SubmitOptions) => Promise<JobHandle<Out>>
  /** As if nothing had been submitted. */
  readonly reset: () => void
}

const IDLE: Idle = { status: 'idle', data: undefined, error: null }

/** Submit jobs of a kind. Of several submits under way the newest is shown. */
export function useSubmit<Args = unknown, Out = unknown>(kind: string): SubmitAnswer<Args, Out> {
  const client = useHeadway()
  const [state, setState] = useState<Submission<Out>>(IDLE)
  const newest = useRef(0)
  useEffect(
    () => () => {
      newest.current += 1
    },
    [],
  )
  const submit = useCallback(
    async (args: Args, options?: SubmitOptions): Promise<JobHandle<Out>> => {
      newest.current += 1
      const own = newest.current
      const show = (next: Submission<Out>): void => {
        if (newest.current === own) setState(next)
      }
      show({ status: 'pending', data: undefined, error: null })
      try {
        const data = await client.submit<Out>(kind, args, options)
        show({ status: 'success', data, error: null })
        return data
      } catch (thrown) {
        show({ status: 'error', data: undefined, error: failureOf(thrown) })
        throw thrown
      }
    },
    [client, kind],
  )
  const reset = useCallback(() => {
    newest.current += 1
    setState(IDLE)
  }, [])
  const { status } = state
  const flags = {
    isIdle: status === 'idle',
    isPending: status === 'pending',
    isError: status === 'error',
    isSuccess: status === 'success',
  }
  return { ...state, ...flags, job: state.data, submit, reset }
}
