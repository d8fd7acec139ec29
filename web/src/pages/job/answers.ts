/**
 * What people answered to a job, from its events: question, answer, who and when. Pure. Called by answered.tsx.
 */
import type { JobDoc, WireEvent } from '@headway/client'
import { isObject } from '../../words/code.ts'

export interface Given {
  readonly request: string
  /** The question; "" where its event is not among these. */
  readonly message: string
  readonly action: string
  readonly content: unknown
  readonly by: string
  readonly at: string
}

/** Oldest first. */
export function givenIn(events: readonly WireEvent[]): readonly Given[] {
  const asked = new Map<string, string>()
  const given: Given[] = []
  for (const { type, data, at } of events) {
    const input = data.put?.input as JobDoc['input'] | undefined
    if (type === 'job.input_requested' && input) asked.set(input.request, input.message)
    if (type !== 'job.input_given' || !isObject(data.answer)) continue
    const request = String(data.request ?? '')
    given.push({
      request,
      message: asked.get(request) ?? '',
      action: String(data.answer.action ?? 'accept'),
      content: data.answer.content ?? undefined,
      by: typeof data.by === 'string' ? data.by : '',
      at,
    })
  }
  return given
}

const WORDS: Readonly<Record<string, string>> = {
  accept: 'Answered',
  decline: 'Declined',
  cancel: 'Cancelled',
}

/** `Answered`, `Declined`, `Cancelled`. */
export function actionWord(action: string): string {
  return WORDS[action] ?? action
}
