/** A state as icon and word in its tone: never colour alone (WCAG 1.4.1). */

import { type Look, lookOf } from '../words/states.ts'

export function StateBadge({
  state,
  look,
  title,
  still,
}: {
  state?: string | undefined
  look?: Look
  title?: string | undefined
  /** Nothing turns: for lists, where a hundred turning icons cost more than all that they tell. */
  still?: boolean
}) {
  const { word, tone, icon: Icon } = look ?? lookOf(state)
  return (
    <span
      className="tone tone-tint tone-text inline-flex h-[22px] max-w-full items-center gap-1 rounded-full px-2 text-xs font-medium whitespace-nowrap"
      data-tone={tone}
      data-state={state}
      title={title}
    >
      <Icon
        aria-hidden
        size={13}
        className={
          state === 'running' && !still
            ? 'shrink-0 motion-safe:animate-[spin_3s_linear_infinite]'
            : 'shrink-0'
        }
      />
      <span className="truncate">{word}</span>
    </span>
  )
}

/** A small label: `key value`, or one word. */
export function Chip({
  name,
  children,
  title,
}: {
  name?: string
  children: React.ReactNode
  title?: string
}) {
  return (
    <span
      className="inline-flex h-5 max-w-full items-center gap-1 rounded bg-well px-1.5 text-xs whitespace-nowrap text-ink"
      title={title}
    >
      {name && <span className="text-soft">{name}</span>}
      <span className="truncate">{children}</span>
    </span>
  )
}
