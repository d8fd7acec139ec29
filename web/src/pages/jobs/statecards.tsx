/** How many jobs stand where: exact and live; a click asks for these states, or no longer. */

import type { JobState } from '@headway/client'
import { brief } from '../../words/numbers.ts'
import type { Tone } from '../../words/states.ts'
import { chipsOf, filterOf, statesOf, toggled } from './chips.ts'

type Counts = Partial<Record<JobState, number>>

interface Card {
  readonly word: string
  readonly tone: Tone
  /** The first is what the word says; the others are told apart under the number. */
  readonly states: readonly JobState[]
}

export const CARDS: readonly Card[] = [
  { word: 'Running', tone: 'running', states: ['running', 'cancelling'] },
  { word: 'Waiting', tone: 'waiting', states: ['queued', 'scheduled', 'blocked'] },
  { word: 'Completed', tone: 'completed', states: ['completed'] },
  { word: 'Failed', tone: 'failed', states: ['failed'] },
  { word: 'Cancelled', tone: 'cancelled', states: ['cancelled'] },
]

interface StateCardsProps {
  counts: Counts | undefined
  q: string
  onFilter: (q: string) => void
}

export function StateCards({ counts, q, onFilter }: StateCardsProps) {
  const chips = chipsOf(q)
  const asked = statesOf(chips)
  return (
    <fieldset aria-label="Jobs by state" className="m-0 border-0 p-0 grid grid-cols-5 gap-1.5 sm:gap-2">
      {CARDS.map(card => (
        <StateCard
          key={card.word}
          card={card}
          counts={counts}
          isAsked={card.states.every(state => asked.has(state))}
          onToggle={() => onFilter(filterOf(toggled(chips, card.states)))}
        />
      ))}
    </fieldset>
  )
}

interface StateCardProps {
  card: Card
  counts: Counts | undefined
  isAsked: boolean
  onToggle: () => void
}

function StateCard({ card, counts, isAsked, onToggle }: StateCardProps) {
  const known = card.states.flatMap(state => counts?.[state] ?? [])
  const sum = known.length ? known.reduce((total, number) => total + number, 0) : undefined
  return (
    <button
      type="button"
      aria-pressed={isAsked}
      data-tone={card.tone}
      title={
        sum === undefined ? 'Not counted: the filter leaves it out, or is too wide to count here' : undefined
      }
      onClick={onToggle}
      className="tone flex min-w-0 flex-col items-start rounded-lg border border-line bg-card px-1 py-1.5 text-left hover:bg-hover aria-pressed:border-accent aria-pressed:bg-selected sm:px-3"
    >
      <span className={`text-lg leading-6 font-semibold tabular-nums ${sum ? 'tone-text' : 'text-soft'}`}>
        {sum === undefined ? '–' : brief(sum)}
      </span>
      <span className="flex w-full min-w-0 items-baseline gap-2 text-xs text-soft max-sm:text-2xs max-sm:tracking-tight">
        <span className="truncate sm:shrink-0">{card.word}</span>
        <span className="truncate text-2xs max-md:hidden">{detail(card, counts)}</span>
      </span>
    </button>
  )
}

/** `3 blocked · 1 scheduled`: what the word of the card does not say. */
export function detail({ states }: Card, counts: Counts | undefined): string {
  return states
    .slice(1)
    .flatMap(state => (counts?.[state] ? [`${brief(counts[state])} ${state}`] : []))
    .join(' · ')
}
