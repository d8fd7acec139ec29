/** The connection as it is: a pill that never lies, and what lies behind it when clicked. */

import { useConnection, useNow } from '@headway/client/react'
import { RotateCw } from 'lucide-react'
import { useEffect, useId, useRef, useState } from 'react'
import { Button } from '../kit/button.tsx'
import { CopyButton } from '../kit/copy.tsx'
import { Fact, Facts } from '../kit/panel.tsx'
import { amount, clock, instant } from '../words/numbers.ts'
import type { Tone } from '../words/states.ts'
import { useSettings } from './settings.ts'

type Connected = ReturnType<typeof useConnection>

const WAYS: Readonly<Record<string, string>> = {
  websocket: 'WebSocket',
  sse: 'Server-sent events',
  poll: 'Long polling',
}

interface Said {
  readonly word: string
  readonly tone: Tone
}

/** What the pill says, and in which tone. `wait` is whole seconds until the next try. */
export function pillOf(connection: Connected, wait: number, since: string): Said {
  switch (connection.state) {
    case 'live':
      return connection.fresh ? { word: 'Live', tone: 'completed' } : { word: 'No news', tone: 'warn' }
    case 'polling':
      return connection.fresh ? { word: 'Polling', tone: 'running' } : { word: 'No news', tone: 'warn' }
    case 'catching_up':
      return {
        word: connection.behind ? `Catching up, ${amount(connection.behind)} behind` : 'Catching up',
        tone: 'running',
      }
    case 'reconnecting':
      return { word: wait > 0 ? `Reconnecting in ${wait} s` : 'Reconnecting', tone: 'warn' }
    case 'offline':
      return { word: `Offline since ${since}`, tone: 'failed' }
    case 'refused':
      return { word: 'Refused', tone: 'failed' }
    default:
      return { word: 'Connecting', tone: 'soft' }
  }
}

/** Whole seconds until an instant of this machine's clock, ticking only while there is one. */
function useWait(until: number | null): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    if (until === null) return
    const timer = setInterval(() => setNow(Date.now()), 500)
    return () => clearInterval(timer)
  }, [until])
  return until === null ? 0 : Math.max(0, Math.ceil((until - now) / 1000))
}

export function ConnectionPill() {
  const connection = useConnection()
  const { zone } = useSettings()
  const id = useId()
  const box = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  const [open, setOpen] = useState(false)
  const wait = useWait(connection.retryAt)
  const { word, tone } = pillOf(connection, wait, instant(connection.since, 'time', zone))

  function place(): void {
    const [at, card] = [button.current?.getBoundingClientRect(), box.current]
    if (!at || !card) return
    const above = at.top > innerHeight / 2
    card.style.top = `${above ? at.top - card.offsetHeight - 6 : at.bottom + 6}px`
    card.style.left = `${Math.max(8, Math.min(at.left, innerWidth - card.offsetWidth - 8))}px`
  }

  return (
    <>
      <button
        ref={button}
        type="button"
        popoverTarget={id}
        data-tone={tone}
        data-connection={connection.state}
        aria-label={`Connection: ${word}`}
        className="tone flex h-8 max-w-full min-w-0 items-center gap-2 rounded-md px-2 text-sm hover:bg-hover"
      >
        <span
          aria-hidden
          className={`tone-fill size-2 shrink-0 rounded-full ${tone === 'completed' ? '' : 'motion-safe:animate-pulse'}`}
        />
        <span className="truncate">{word}</span>
      </button>
      <div
        ref={box}
        id={id}
        popover="auto"
        onToggle={event => {
          setOpen(event.newState === 'open')
          if (event.newState === 'open') requestAnimationFrame(place)
        }}
        className="fixed m-0 w-80 max-w-[calc(100vw-16px)] rounded-lg border border-line bg-raised p-3 text-ink shadow-raised"
      >
        {open && <Details connection={connection} word={word} wait={wait} />}
      </div>
    </>
  )
}

function Details({ connection, word, wait }: { connection: Connected; word: string; wait: number }) {
  const { zone } = useSettings()
  const cut = !['live', 'polling', 'catching_up'].includes(connection.state)
  return (
    <div className="flex flex-col gap-3">
      <p className="font-medium">{word}</p>
      <Facts>
        <Fact name="Shown is as of">
          {connection.asOf ? instant(connection.asOf, 'precise', zone) : 'nothing yet'}
        </Fact>
        <Fact name="Over">{connection.way ? (WAYS[connection.way] ?? connection.way) : '–'}</Fact>
        <Fact name={cut ? 'Cut since' : 'So since'}>{instant(connection.since, 'time', zone)}</Fact>
        {connection.lagMs !== null && <Fact name="Behind by">{`${amount(connection.lagMs)} ms`}</Fact>}
        {connection.reason && <Fact name="Reason">{connection.reason}</Fact>}
        {connection.cursor && (
          <Fact name="Cursor">
            <span className="flex items-center gap-1">
              <code className="truncate text-xs">{connection.cursor}</code>
              <CopyButton text={connection.cursor} label="Copy the cursor" />
            </span>
          </Fact>
        )}
      </Facts>
      {cut && (
        <>
          <p className="text-sm text-soft">
            What is shown is what was last known; clocks stand still until it is live again. Nothing is
            missed: everything since will follow.
          </p>
          <Button weight="primary" icon={RotateCw} onClick={connection.retryNow}>
            {wait > 0 ? `Retry now (else in ${clock(wait)})` : 'Retry now'}
          </Button>
        </>
      )}
    </div>
  )
}

/** "live as of 08:21:07.412": the promise, in small print. */
export function AsOf() {
  const connection = useConnection()
  const { zone } = useSettings()
  const now = useNow()
  if (!connection.asOf) return null
  const at = connection.fresh ? now : connection.asOf
  return (
    <span className="text-2xs text-soft">
      {connection.fresh ? 'live as of' : 'as of'} {instant(at, connection.fresh ? 'time' : 'precise', zone)}
    </span>
  )
}
