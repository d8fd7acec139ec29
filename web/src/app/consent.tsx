/**
 * Asks a person before a job of a kind that wants it is submitted: names the tool and its server, and shows what it is given.
 *
 * Whoever submits calls `ask` first and draws `dialog`. The button that has the focus is the harmless one. Must never submit.
 */

import { type Headway, type JobDoc, type KindDoc, NotFound } from '@headway/client'
import { useHeadway } from '@headway/client/react'
import { type ReactNode, useState } from 'react'
import { StateBadge } from '../kit/badge.tsx'
import { Confirm } from '../kit/dialog.tsx'
import { Foreign } from '../kit/foreign.tsx'
import { Fact, Facts } from '../kit/panel.tsx'
import { pretty } from '../words/code.ts'
import { serverOf, toolOf, traitsOf } from '../words/kinds.ts'
import { amount } from '../words/numbers.ts'
import { failed } from './toasts.tsx'

export interface Consent {
  /** True: go on. At once, where the kind does not want to be asked for. */
  readonly ask: (kind: KindDoc | undefined, args: unknown) => Promise<boolean>
  /** The same for a job that is to run again as it was. False, with a notice, where that can not be found out. */
  readonly askAgain: (job: JobDoc) => Promise<boolean>
  readonly dialog: ReactNode
}

interface Question {
  readonly kind: KindDoc
  readonly args: unknown
  readonly answer: (yes: boolean) => void
}

export function useConsent(): Consent {
  const headway = useHeadway()
  const [question, setQuestion] = useState<Question>()
  const ask = (kind: KindDoc | undefined, args: unknown): Promise<boolean> =>
    kind?.confirm ? new Promise(answer => setQuestion({ kind, args, answer })) : Promise.resolve(true)
  async function askAgain(job: JobDoc): Promise<boolean> {
    try {
      const kind = await kindOf(headway, job.kind)
      if (!kind?.confirm) return true
      return await ask(kind, job.args ?? (await headway.get(job.id)).args)
    } catch (error) {
      failed(error)
      return false
    }
  }
  const close = (yes: boolean) => () => {
    setQuestion(undefined)
    question?.answer(yes)
  }
  const dialog = question && (
    <Confirm
      open
      danger
      title={`Run ${toolOf(question.kind)}?`}
      action="Run it"
      onConfirm={close(true)}
      onClose={close(false)}
    >
      <CallShown kind={question.kind} args={question.args} />
    </Confirm>
  )
  return { ask, askAgain, dialog }
}

/** A kind as it is now; undefined: nobody ever declared it. */
export async function kindOf(headway: Headway, name: string): Promise<KindDoc | undefined> {
  try {
    return await headway.kinds.get(name)
  } catch (error) {
    if (error instanceof NotFound) return undefined
    throw error
  }
}

/** Characters of arguments that are shown; the rest is counted. */
const MOST = 8_000

/** What would be called, and with what. */
export function CallShown({ kind, args }: { kind: KindDoc; args: unknown }) {
  const server = serverOf(kind)
  const text = pretty(args ?? {})
  const traits = traitsOf(kind).filter(({ word }) => word !== 'asks first')
  return (
    <div className="flex flex-col gap-2 text-sm">
      <Facts>
        <Fact name={server === undefined ? 'Kind' : 'Tool'}>
          <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
            <span className="font-medium wrap-anywhere">{toolOf(kind)}</span>
            {traits.map(trait => (
              <StateBadge key={trait.word} look={trait} title={trait.title} />
            ))}
          </span>
        </Fact>
        {server !== undefined && (
          <Fact name="Server">
            <span className="wrap-anywhere">{server}</span>
          </Fact>
        )}
      </Facts>
      <h3 className="text-soft">What it is given</h3>
      <section
        aria-label="Arguments"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        className="max-h-72 overflow-auto rounded-md bg-well p-3 font-mono text-xs leading-5"
      >
        <Foreign text={text.slice(0, MOST)} />
        {text.length > MOST && (
          <p className="text-soft">… {amount(text.length - MOST)} more characters, which are not shown.</p>
        )}
      </section>
    </div>
  )
}
