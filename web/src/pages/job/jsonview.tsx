/** Any JSON as a tree to open and close; big integers exact, large parts a page at a time, all of it to copy. */

import { ChevronRight } from 'lucide-react'
import { useState } from 'react'
import { CopyButton } from '../../kit/copy.tsx'
import { pretty } from '../../words/code.ts'
import { amount, plural } from '../../words/numbers.ts'
import { type JsonKind, type JsonLine, jsonLines, leafText, PAGE } from './jsontree.ts'

const TONES: Readonly<Record<JsonKind, string>> = {
  object: 'text-soft',
  array: 'text-soft',
  string: 'text-completed',
  number: 'text-running',
  boolean: 'text-scheduled',
  null: 'text-soft',
}
const LONG = 240

export function JsonView({ value, label }: { value: unknown; label: string }) {
  const [turned, setTurned] = useState<ReadonlySet<string>>(new Set())
  const [shown, setShown] = useState<ReadonlyMap<string, number>>(new Map())
  function turn(path: string): void {
    const next = new Set(turned)
    if (!next.delete(path)) next.add(path)
    setTurned(next)
  }
  function showMore(path: string): void {
    setShown(new Map(shown).set(path, (shown.get(path) ?? PAGE) + PAGE * 5))
  }
  return (
    <div className="relative rounded-md bg-well">
      <ul
        aria-label={label}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        className="max-h-[70dvh] overflow-auto rounded-md p-2 pr-10 font-mono text-xs leading-5"
      >
        {jsonLines(value, turned, shown).map(line =>
          line.more > 0 ? (
            <li key={`${line.path}…`} style={{ paddingLeft: line.depth * 16 }}>
              <button
                type="button"
                className="h-6 text-accent hover:underline"
                onClick={() => showMore(line.path)}
              >
                {amount(line.more)} more
              </button>
            </li>
          ) : (
            <Line key={line.path} line={line} onTurn={() => turn(line.path)} />
          ),
        )}
      </ul>
      <span className="absolute top-1.5 right-1.5">
        <CopyButton text={() => pretty(value)} label={`Copy ${label}`} />
      </span>
    </div>
  )
}

function Line({ line, onTurn }: { line: JsonLine; onTurn: () => void }) {
  const name = line.name === undefined ? null : <span className="pr-1.5 text-ink">{line.name}:</span>
  const holds = line.kind === 'object' || line.kind === 'array'
  const indent = { paddingLeft: line.depth * 16 + (holds && line.size ? 0 : 16) }
  if (!holds || line.size === 0) {
    return (
      <li style={indent} className="flex items-start">
        <span className="shrink-0">{name}</span>
        {holds ? (
          <span className="text-soft">{line.kind === 'array' ? '[]' : '{}'}</span>
        ) : (
          <Leaf line={line} />
        )}
      </li>
    )
  }
  const size = plural(line.size, line.kind === 'array' ? 'item' : 'key')
  return (
    <li style={indent}>
      <button
        type="button"
        aria-expanded={line.open}
        onClick={onTurn}
        className="flex items-center hover:text-accent"
      >
        <ChevronRight
          aria-hidden
          size={14}
          className={`mr-0.5 shrink-0 text-soft ${line.open ? 'rotate-90' : ''}`}
        />
        {name}
        <span className="text-soft">{line.kind === 'array' ? `[${size}]` : `{${size}}`}</span>
      </button>
    </li>
  )
}

function Leaf({ line }: { line: JsonLine }) {
  const [whole, setWhole] = useState(false)
  const text = typeof line.value === 'string' && whole ? line.value : leafText(line.value)
  const long = text.length > LONG
  return (
    <span className={`min-w-0 break-all whitespace-pre-wrap ${TONES[line.kind]}`}>
      {long && !whole ? text.slice(0, LONG) : text}
      {(long || whole) && (
        <button
          type="button"
          className="pl-1 font-sans text-accent hover:underline"
          onClick={() => setWhole(!whole)}
        >
          {whole ? 'less' : `… ${amount(text.length - LONG)} more characters`}
        </button>
      )}
    </span>
  )
}
