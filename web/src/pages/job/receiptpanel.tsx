/** The receipt of a cancel, step by step with its times, and what came after the end. */

import type { JobDoc } from '@headway/client'
import { Circle, CircleCheck, CircleDashed, CircleMinus, type LucideIcon } from 'lucide-react'
import { Panel } from '../../kit/panel.tsx'
import { Time } from '../../kit/time.tsx'
import type { Tone } from '../../words/states.ts'
import { lateNotes, type ReceiptStep, receiptLine, receiptSteps } from './receipt.ts'

const LOOKS: Readonly<Record<ReceiptStep['state'], { icon: LucideIcon; tone: Tone; word: string }>> = {
  done: { icon: CircleCheck, tone: 'completed', word: 'done' },
  now: { icon: CircleDashed, tone: 'cancelling', word: 'waiting' },
  later: { icon: Circle, tone: 'soft', word: 'later' },
  skipped: { icon: CircleMinus, tone: 'soft', word: 'skipped' },
}

export function Receipt({ job }: { job: JobDoc }) {
  const steps = receiptSteps(job)
  const late = lateNotes(job)
  if (!steps.length && !late.length) return null
  return (
    <Panel title={steps.length ? 'Receipt of the cancel' : 'After the end'}>
      {steps.length > 0 && (
        <>
          <p className="mb-2 text-sm">{receiptLine(job)}</p>
          <ol className="flex flex-col gap-1.5">
            {steps.map(step => (
              <Step key={step.name} step={step} />
            ))}
          </ol>
        </>
      )}
      {late.map(note => (
        <p key={note} className="tone mt-2 text-sm" data-tone="warn">
          {note}
        </p>
      ))}
    </Panel>
  )
}

function Step({ step }: { step: ReceiptStep }) {
  const { icon: Icon, tone, word } = LOOKS[step.state]
  return (
    <li className="tone flex items-baseline gap-2 text-sm" data-tone={tone} data-step={step.state}>
      <Icon aria-hidden size={15} className="tone-text shrink-0 self-center" />
      <span className={step.state === 'done' ? '' : 'text-soft'}>{step.name}</span>
      <span className="min-w-0 flex-1 truncate text-soft" title={step.note}>
        <span className="sr-only">{word}</span> {step.note}
      </span>
      {step.at && (
        <span className="shrink-0 text-xs text-soft">
          <Time at={step.at} as="precise" />
        </span>
      )}
    </li>
  )
}
