/** The receipt of a cancel as steps, and what was said too late. Knows no screen. */

import type { CancelDoc, JobDoc } from '@headway/client'
import { worded } from '../../words/jobs.ts'
import { FINAL } from '../../words/states.ts'
import { attemptsOf } from './facts.ts'

export interface ReceiptStep {
  readonly name: string
  readonly at: string | undefined
  /** done: it has its time; now: the next one; later; skipped: the job ended without it */
  readonly state: 'done' | 'now' | 'later' | 'skipped'
  readonly note: string
}

const STEPS: readonly { readonly name: string; readonly key: keyof CancelDoc; readonly waits: string }[] = [
  { name: 'Requested', key: 'requested_at', waits: '' },
  { name: 'Delivered', key: 'delivered_at', waits: 'on its way to the worker' },
  { name: 'Acknowledged', key: 'acknowledged_at', waits: 'the handler is to notice' },
  { name: 'Stopped', key: 'stopped_at', waits: 'the handler is to stop' },
  { name: 'Cleaned up', key: 'cleaned_at', waits: 'clean-up is to run' },
]

/** The five steps in order; [] where nobody cancelled it. */
export function receiptSteps(job: JobDoc): readonly ReceiptStep[] {
  const receipt = job.cancel
  if (!receipt) return []
  const ended = FINAL.has(job.state)
  const waited = ended && !attemptsOf(job).some(attempt => attempt.started_at)
  const next = STEPS.findIndex(step => receipt[step.key] === undefined)
  return STEPS.map(({ name, key, waits }, index) => {
    const at = receipt[key]
    const reached = typeof at === 'string'
    const state = reached ? 'done' : ended ? 'skipped' : index === next ? 'now' : 'later'
    const missing = waited ? 'not needed: it had not started' : 'not said before the end'
    const note = reached ? said(key, receipt) : state === 'now' ? waits : state === 'skipped' ? missing : ''
    const unclean = key === 'cleaned_at' && receipt.cleaned === 'not run'
    return { name: unclean ? 'Clean-up not run' : name, at: reached ? at : undefined, state, note }
  })
}

function said(key: keyof CancelDoc, receipt: CancelDoc): string {
  if (key === 'cleaned_at' && receipt.cleaned && receipt.cleaned !== 'done' && receipt.cleaned !== 'not run')
    return receipt.cleaned
  if (key !== 'requested_at') return ''
  return [
    receipt.requested_by ? `by ${receipt.requested_by}` : '',
    receipt.reason ? `“${receipt.reason}”` : '',
  ]
    .filter(Boolean)
    .join(', ')
}

/** One sentence of where the cancel stands. */
export function receiptLine(job: JobDoc): string {
  const receipt = job.cancel
  if (!receipt) return ''
  if (job.state === 'completed') return 'The cancel came too late: the handler had succeeded.'
  if (job.state === 'failed') return 'It failed while it was being cancelled.'
  if (job.state === 'cancelled') {
    return receipt.cleaned === 'not run' ? 'It was stopped; its clean-up was not run.' : 'It was cancelled.'
  }
  if (receipt.acknowledged_at) return 'The worker has confirmed; the handler is stopping.'
  const grace = receipt.grace_s
    ? ` After ${receipt.grace_s} s of grace it is stopped as far as that is possible.`
    : ''
  return `Cancelling… until the worker confirms.${grace}`
}

/** What attempts said after they were over: recorded, not applied. */
export function lateNotes(job: JobDoc): readonly string[] {
  return attemptsOf(job).flatMap(attempt => {
    const who = `Attempt ${attempt.number} on ${attempt.worker}`
    if (attempt.late)
      return [`${who} reported “${worded(attempt.late)}” after it was over: recorded, not applied.`]
    return attempt.fenced ? [`${who} still reported after it was over: its reports were turned away.`] : []
  })
}
