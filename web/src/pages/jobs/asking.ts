/** What somebody asked to be done, until it is confirmed, and the job of the server that does it then. */

import type { JobDoc } from '@headway/client'
import { useState } from 'react'
import type { NamedAction } from '../../app/ascode.tsx'
import type { BulkAction } from '../../app/copyas.ts'
import { failed } from '../../app/toasts.tsx'
import { shortId } from '../../words/jobs.ts'
import type { Asked } from './actdialog.tsx'
import { ACTIONS, ACTS } from './acts.ts'
import type { Selection } from './selection.ts'

export interface Begun {
  readonly job: string
  readonly action: BulkAction
}

export interface Asking {
  readonly asked: Asked | undefined
  readonly begun: Begun | undefined
  readonly code: readonly NamedAction[]
  readonly ask: (action: BulkAction, ids: readonly string[]) => void
  readonly askAll: (action: BulkAction, q: string) => void
  readonly askSelected: (action: BulkAction, selection: Selection, q: string) => void
  readonly showCode: (id: string) => void
  readonly close: () => void
  readonly setBegun: (begun: Begun | undefined) => void
}

export function useAsking(row: (id: string) => JobDoc | undefined): Asking {
  const [asked, setAsked] = useState<Asked>()
  const [begun, setBegun] = useState<Begun>()
  const [code, setCode] = useState<readonly NamedAction[]>([])

  function ask(action: BulkAction, ids: readonly string[]): void {
    const [first, ...others] = ids
    if (first === undefined) return
    const one = others.length ? undefined : row(first)
    if (one) {
      if (ACTS[action].fits(one)) setAsked({ action, meant: { ids }, one })
      else failed(`${ACTS[action].word}: ${one.kind} ${shortId(one.id)} is ${one.held ? 'held' : one.state}.`)
      return
    }
    const jobs = ids.flatMap(id => row(id) ?? [])
    setAsked({
      action,
      meant: { ids },
      jobs,
      fitting: ids.length - jobs.filter(job => !ACTS[action].fits(job)).length,
    })
  }
  function askAll(action: BulkAction, q: string): void {
    setAsked({ action, meant: { q } })
  }
  function showCode(id: string): void {
    const job = row(id)
    if (job) setCode(codeOf(job))
  }
  return {
    asked,
    begun,
    code,
    ask,
    askAll,
    askSelected: (action, { all, ids }, q) => (all ? askAll(action, q) : ask(action, [...ids])),
    showCode,
    close: () => {
      setAsked(undefined)
      setCode([])
    },
    setBegun,
  }
}

/** What one may do with a job, as code: look and follow always, the rest where it fits. */
function codeOf(job: JobDoc): readonly NamedAction[] {
  const { id } = job
  const acts = ACTIONS.filter(action => ACTS[action].fits(job)).map(
    (action): NamedAction => ({
      label: ACTS[action].word,
      action: action === 'priority' ? { do: action, id, priority: job.priority + 10 } : { do: action, id },
    }),
  )
  return [
    { label: 'Show it', action: { do: 'show', id } },
    { label: 'Follow it', action: { do: 'watch', id } },
    { label: 'Read its log', action: { do: 'logs', id } },
    ...acts,
  ]
}
