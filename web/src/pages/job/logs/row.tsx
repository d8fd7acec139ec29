/**
 * One row of a log: number, time, level, text. Text nodes only, whatever stands in the line.
 *
 * Drawn again only when something of its own changed. Clicks are the container's (`data-n`, `data-do`). Must never know
 * where lines come from.
 */
import type { Line } from '@headway/client'
import { ChevronDown, ChevronRight } from 'lucide-react'
import { type CSSProperties, memo, useSyncExternalStore } from 'react'
import { amount, instant, plural } from '../../../words/numbers.ts'
import type { Parsed } from './ansi.ts'
import { looksOf } from './colours.ts'
import { type Level, levelOf } from './levels.ts'
import { parsedOf } from './parsed.ts'
import type { Marks } from './pattern.ts'
import { type Piece, piecesOf, type Range } from './pieces.ts'
import { sinceText } from './since.ts'

export interface RowHead {
  readonly name: string
  readonly cut: number
  readonly folded: boolean
  /** Lines in it, where that is known. */
  readonly count: number | undefined
}

export interface RowProps {
  readonly number: number
  readonly line: Line | undefined
  readonly absent: boolean
  readonly href: string
  readonly digits: number
  /** Time of day in this zone, or since this instant (ms); undefined: none. */
  readonly times: 'local' | 'utc' | number | undefined
  readonly wrapped: boolean
  readonly picked: boolean
  readonly current: boolean
  /** It can be reached by the tab key. */
  readonly reachable: boolean
  readonly marks: Marks | undefined
  readonly head: RowHead | undefined
  /** The attempt that begins with this line. */
  readonly attempt: number | undefined
}

export const Row = memo(function Row(props: RowProps) {
  const { number, line, wrapped, picked, current } = props
  const level = levelOf(line?.[2] ?? 'info')
  return (
    <div
      data-n={number}
      data-current={current || undefined}
      className={`log-row flex min-w-full leading-[22px] ${wrapped ? '' : 'h-[22px] w-max overflow-y-clip'} ${picked || current ? 'bg-selected' : 'bg-card'}`}
    >
      <span className="log-beside z-10 flex sm:sticky sm:left-0 h-[22px] shrink-0 gap-2 bg-inherit pr-2 pl-1">
        <a
          href={props.href}
          data-do="pick"
          tabIndex={props.reachable ? 0 : -1}
          aria-label={`Line ${number}`}
          aria-current={picked || undefined}
          className={`inline-block pl-1 text-right -outline-offset-2 hover:text-ink hover:underline ${picked ? 'font-semibold text-ink' : 'text-soft'}`}
          style={{ minWidth: `${props.digits + 1}ch` }}
        >
          {number}
        </a>
        {line && props.times !== undefined && <Stamp at={line[1]} times={props.times} />}
        {line && (
          <span className="tone w-[1ch] shrink-0 text-center" data-tone={level.tone} title={level.word}>
            <span aria-hidden className="tone-text font-semibold">
              {level.letter}
            </span>
            <span className="sr-only">{level.word}</span>
          </span>
        )}
      </span>
      {props.attempt !== undefined && (
        <span className="log-beside tone shrink-0 self-start pr-2" data-tone="accent">
          <span className="tone-text tone-tint rounded px-1.5 py-px font-sans text-2xs font-medium">
            attempt {props.attempt}
          </span>
        </span>
      )}
      {line ? (
        <Text {...props} line={line} level={level} />
      ) : (
        <Missing absent={props.absent} number={number} />
      )}
    </div>
  )
})

/** On a phone without the part of the second. */
function Stamp({ at, times }: { at: string; times: 'local' | 'utc' | number }) {
  const relative = typeof times === 'number'
  const text = relative ? sinceText(Date.parse(at) - times) : instant(at, 'precise', times)
  const [time, part] = text.split('.')
  return (
    <time dateTime={at} className={`shrink-0 text-soft ${relative ? 'text-right sm:min-w-[10ch]' : ''}`}>
      {time}
      <span className="max-sm:hidden">.{part}</span>
    </time>
  )
}

function Missing({ absent, number }: { absent: boolean; number: number }) {
  if (absent) return <span className="text-soft italic">line {amount(number)} is not kept</span>
  return <span aria-hidden className="my-[7px] h-2 w-[30ch] rounded bg-well" />
}

function Text({ line, level, wrapped, marks, head }: RowProps & { line: Line; level: Level }) {
  const whole = parsedOf(line)
  const parsed = head ? cutFront(whole, head.cut) : whole
  const marked = useMarks(marks, parsed.plain)
  const tone = level.strong ? 'tone tone-text' : ''
  const flow = wrapped ? 'min-w-0 whitespace-pre-wrap [overflow-wrap:anywhere]' : 'shrink-0 whitespace-pre'
  return (
    <>
      {head && <Fold head={head} />}
      <span
        data-text
        className={`log-text pr-4 ${flow} ${tone} ${head ? 'font-semibold' : ''}`}
        data-tone={level.tone}
      >
        <Pieces pieces={piecesOf(parsed, marked)} />
        {parsed.more > 0 && (
          <button
            type="button"
            data-do="whole"
            className="log-beside ml-2 h-[22px] rounded border border-line-strong px-1.5 font-sans text-xs text-accent hover:bg-hover"
          >
            {plural(parsed.more, 'more character')}: show whole
          </button>
        )}
      </span>
    </>
  )
}

/** Those of a text, drawn again when they are known. */
function useMarks(marks: Marks | undefined, text: string): readonly Range[] {
  useSyncExternalStore(marks?.subscribe ?? nothingComes, marks?.version ?? never)
  return marks?.of(text) ?? []
}

const nothingComes = () => () => undefined
const never = () => 0

function Fold({ head }: { head: RowHead }) {
  const Icon = head.folded ? ChevronRight : ChevronDown
  return (
    <button
      type="button"
      data-do="fold"
      aria-expanded={!head.folded}
      className="log-beside -outline-offset-2 mr-1 inline-flex h-[22px] shrink-0 items-center gap-0.5 rounded px-1 font-sans text-xs text-soft hover:bg-hover hover:text-ink"
    >
      <Icon aria-hidden size={14} />
      <span className="sr-only">Group {head.name.slice(0, 80)} </span>
      {head.count !== undefined && <span>{plural(head.count, 'line')}</span>}
    </button>
  )
}

/** Any text of a log, drawn. */
export function Pieces({ pieces }: { pieces: readonly Piece[] }) {
  // biome-ignore lint/suspicious/noArrayIndexKey: pieces have no other identity, and none moves
  return pieces.map((piece, index) => <OnePiece key={index} piece={piece} />)
}

function OnePiece({ piece: { text, style, marked, odd, href } }: { piece: Piece }) {
  const looks = looksOf(style)
  const classes = [
    odd && 'log-odd',
    marked && 'log-mark',
    style.bold && 'font-bold',
    style.italic && 'italic',
    style.dim && !looks.light && !looks.text && 'text-soft',
    (style.underline || href) && 'underline',
    style.strike && 'line-through',
    looks.light && !marked && 'log-colour',
  ]
  const className = classes.filter(Boolean).join(' ')
  const coloured = marked ? undefined : cssOf(looks)
  if (href) {
    return (
      <a
        href={href}
        target="_blank"
        rel="noopener noreferrer"
        className={`underline-offset-2 ${className}`}
        style={coloured}
      >
        {text}
      </a>
    )
  }
  if (marked) return <mark className={className}>{text}</mark>
  if (!className && !coloured) return text
  return (
    <span className={className} style={coloured}>
      {text}
    </span>
  )
}

interface Coloured extends CSSProperties {
  '--log-light'?: string | undefined
  '--log-dark'?: string | undefined
}

function cssOf({ light, dark, text, ground }: ReturnType<typeof looksOf>): Coloured | undefined {
  if (ground) return { color: text, backgroundColor: ground }
  return light ? { '--log-light': light, '--log-dark': dark } : undefined
}

function cutFront({ plain, spans, more }: Parsed, cut: number): Parsed {
  const moved = spans.map(span => ({ ...span, from: Math.max(0, span.from - cut), to: span.to - cut }))
  return { plain: plain.slice(cut), spans: moved.filter(span => span.to > span.from), more }
}
