/**
 * Asks before something is done to jobs: names the number and the filter, as the server counts them at that moment.
 *
 * One job is acted on at once; many by a job of the server, whose progress bulkprogress.tsx shows. Must never know rows.
 */

import type { JobDoc } from '@headway/client'
import { useHeadway } from '@headway/client/react'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useEffect, useState } from 'react'
import { Folded } from '../../app/ascode.tsx'
import { Asking } from '../../app/asking.tsx'
import { CallShown } from '../../app/consent.tsx'
import type { Action, BulkAction } from '../../app/copyas.ts'
import { failed, tell } from '../../app/toasts.tsx'
import { Confirm } from '../../kit/dialog.tsx'
import { Field, TextInput } from '../../kit/field.tsx'
import { Problem } from '../../kit/panel.tsx'
import { shortId } from '../../words/jobs.ts'
import { amount, plural } from '../../words/numbers.ts'
import { ACTS, actOn, type Meant } from './acts.ts'
import { type Calls, callsOf } from './calls.ts'

/** What somebody wants done, and to what. */
export interface Asked {
  readonly action: BulkAction
  readonly meant: Meant
  /** Of one job, the job. */
  readonly one?: JobDoc
  /** Of those named, what this page has of them. */
  readonly jobs?: readonly JobDoc[]
  /** Of those named, how many it fits, as far as this page can tell. */
  readonly fitting?: number
}

interface ActDialogProps {
  asked: Asked | undefined
  onClose: () => void
  /** A job of the server has begun to do it. */
  onBegun: (job: string, action: BulkAction) => void
  onRetried: (id: string) => void
}

export function ActDialog({ asked, ...rest }: ActDialogProps) {
  if (!asked) return null
  return (
    <Asking>
      <Ask key={`${asked.action} ${JSON.stringify(asked.meant)}`} asked={asked} {...rest} />
    </Asking>
  )
}

function Ask({ asked, onClose, onBegun, onRetried }: ActDialogProps & { asked: Asked }) {
  const { action, meant, one, fitting } = asked
  const client = useHeadway()
  const [priority, setPriority] = useState('10')
  const [busy, setBusy] = useState(false)
  const act = ACTS[action]
  const verb = act.asks ? 'Change' : act.word
  const request = { action, ...meant, ...(action === 'priority' ? { priority: Number(priority) } : {}) }
  const counted = useQuery({
    queryKey: ['count', action, meant],
    queryFn: ({ signal }) => client.act({ ...request, dry_run: true }, { signal }),
    enabled: one === undefined,
    staleTime: 0,
    gcTime: 0,
  })
  const number = counted.data?.matched
  const calls = useQuery({
    queryKey: ['calls', meant],
    queryFn: () => callsOf(client, meant, one ? [one] : asked.jobs),
    enabled: action === 'retry',
    staleTime: 0,
    gcTime: 0,
  })
  const isKnown = action !== 'retry' || calls.isSuccess
  const isCounted = isKnown && (one !== undefined || number !== undefined)
  const asksFirst = (calls.data?.length ?? 0) > 0
  useEffect(() => {
    if (isCounted) document.querySelector<HTMLElement>('dialog[open] [data-focus]')?.focus()
  }, [isCounted])
  const isNumber = action !== 'priority' || /^-?\d{1,7}$/.test(priority)

  async function run(): Promise<void> {
    setBusy(true)
    if (one) {
      const made = await tell(
        actOn(client, action, one.id, Number(priority)),
        () => `${one.kind} ${shortId(one.id)}: ${act.done}.`,
      )
      if (made) onRetried(made)
    } else {
      const answer = await client.act(request).catch(failed)
      if (answer?.job) onBegun(answer.job, action)
    }
    onClose()
  }

  return (
    <Confirm
      open
      onClose={onClose}
      title={titleOf(asked, number)}
      action={one ? verb : `${verb} ${number === undefined ? '…' : plural(number, 'job')}`}
      danger={act.danger || asksFirst}
      busy={busy || !isCounted || number === 0 || fitting === 0 || !isNumber}
      onConfirm={run}
    >
      <div className="flex flex-col gap-3 text-sm">
        {'q' in meant && <Filter q={meant.q} />}
        <p className="text-soft">{act.means}</p>
        {fitting !== undefined && number !== undefined && fitting < number && (
          <p>It fits {amount(fitting)} of them; the others are left as they are.</p>
        )}
        {counted.data?.partial && (
          <p className="text-warn">
            The search was cut at its bound: more may match. Do it again afterwards.
          </p>
        )}
        {counted.error && <Problem error={counted.error} />}
        {calls.error && <Problem error={calls.error} />}
        {calls.data?.map(call => (
          <CallsShown key={call.kind.name} call={call} />
        ))}
        {action === 'priority' && (
          <Field
            label="Priority"
            hint="0 is usual; less is later."
            error={isNumber ? undefined : 'A whole number, such as 10 or -5.'}
          >
            {wiring => (
              <TextInput
                {...wiring}
                inputMode="numeric"
                value={priority}
                onChange={event => setPriority(event.target.value)}
              />
            )}
          </Field>
        )}
        <Folded action={codeOf(asked, Number(priority))} />
      </div>
    </Confirm>
  )
}

function CallsShown({ call: { kind, job, number } }: { call: Calls }) {
  const others = number - 1
  return (
    <section aria-label={`Calls of ${kind.name}`} className="rounded-md border border-line p-3">
      <CallShown kind={kind} args={job.args ?? TOO_LARGE} />
      {others > 0 && (
        <p className="mt-2">and {plural(others, 'call')} more of it, with their own arguments.</p>
      )}
    </section>
  )
}

const TOO_LARGE = 'Too large to come along: see the page of the job.'

function Filter({ q }: { q: string }): ReactNode {
  return q ? (
    <code className="rounded bg-well px-2 py-1 font-mono text-xs break-words">{q}</code>
  ) : (
    <p>No filter: all jobs there are.</p>
  )
}

function titleOf({ action, meant, one }: Asked, number: number | undefined): string {
  const { word: verb, asks: word = verb } = ACTS[action]
  if (one) return `${word} ${one.kind} ${shortId(one.id)}?`
  const many =
    'ids' in meant
      ? plural(number ?? meant.ids.length, 'selected job')
      : `all ${number === undefined ? '' : `${amount(number)} `}jobs that match`
  return `${word} ${many}?`
}

function codeOf({ action, meant, one }: Asked, priority: number): Action {
  if (!one) return { do: 'act', action, ...meant, ...(action === 'priority' ? { priority } : {}) }
  return action === 'priority' ? { do: 'priority', id: one.id, priority } : { do: action, id: one.id }
}
