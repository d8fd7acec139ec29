/**
 * A definition in quarantine: what a worker tells of a kind now beside what was approved, and the button to approve it.
 *
 * Approved is the hash that was looked at, never "the newest": the server refuses when it changed again meanwhile. What the
 * other side wrote is drawn as characters. Used by the pages of kinds and of tools.
 */

import type { KindDoc } from '@headway/client'
import { useHeadway } from '@headway/client/react'
import { GitCompareArrows } from 'lucide-react'
import { useState } from 'react'
import { Folded } from '../../app/ascode.tsx'
import { useSettings } from '../../app/settings.ts'
import { tell } from '../../app/toasts.tsx'
import { Button } from '../../kit/button.tsx'
import { Foreign } from '../../kit/foreign.tsx'
import { Age } from '../../kit/time.tsx'
import { toolOf } from '../../words/kinds.ts'
import { instant, plural } from '../../words/numbers.ts'
import { type Change, changesOf, type Row } from './changes.ts'

/** `isOpen`: what changed is shown at once. */
export function Quarantined({ kind, isOpen = false }: { kind: KindDoc; isOpen?: boolean }) {
  const [open, setOpen] = useState(isOpen)
  const { quarantine } = kind
  if (!quarantine) return null
  return (
    <section
      aria-label={`Changed definition of ${kind.name}`}
      data-tone="warn"
      className="tone mt-2 rounded-md border border-[var(--tone)] text-sm"
    >
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 px-3 py-2">
        <GitCompareArrows aria-hidden size={16} className="tone-text shrink-0" />
        <p className="min-w-0 flex-1 basis-56">
          <span className="font-medium">Its definition changed</span>
          <span className="text-soft">
            {' '}
            {quarantine.seen_at && <Ago at={quarantine.seen_at} />}, says {quarantine.worker ?? 'a worker'}.
            Its jobs wait until somebody approves it.
          </span>
        </p>
        <Button small aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? 'Hide' : 'See what changed'}
        </Button>
      </div>
      {open && <Review key={quarantine.definition} kind={kind} quarantine={quarantine} />}
    </section>
  )
}

function Ago({ at }: { at: string }) {
  const { zone } = useSettings()
  return (
    <time dateTime={at} title={instant(at, 'full', zone)}>
      <Age since={at} /> ago
    </time>
  )
}

interface ReviewProps {
  kind: KindDoc
  quarantine: NonNullable<KindDoc['quarantine']>
}

function Review({ kind, quarantine }: ReviewProps) {
  const headway = useHeadway()
  const [busy, setBusy] = useState(false)
  const changes = changesOf(kind, quarantine)
  async function approve(): Promise<void> {
    setBusy(true)
    await tell(
      headway.kinds.approve(kind.name, quarantine.definition ?? ''),
      `${toolOf(kind)} is approved as it is now.`,
    )
    setBusy(false)
  }
  return (
    <div className="flex flex-col gap-3 border-t border-line p-3">
      {changes.map(change => (
        <Part key={change.name} change={change} />
      ))}
      {changes.length === 0 && (
        <p className="text-soft">Nothing that is shown here differs: another version of the same texts.</p>
      )}
      <p className="text-xs text-soft">
        Approved <Hash of={kind.definition} />, told now <Hash of={quarantine.definition} />. Approve it if
        you trust what it says now; what is sent is the hash of what is shown here.
      </p>
      <span>
        <Button weight="primary" busy={busy} onClick={approve}>
          Approve the change
        </Button>
      </span>
      <Folded action={{ do: 'approve', kind: kind.name, definition: quarantine.definition ?? '' }} />
    </div>
  )
}

function Hash({ of }: { of: string | undefined }) {
  return (
    <code className="font-mono" title={of}>
      {of?.slice(0, 12) ?? 'without a hash'}
    </code>
  )
}

function Part({ change: { name, rows } }: { change: Change }) {
  return (
    <div>
      <h3 className="mb-1 font-medium">{name}</h3>
      <section
        aria-label={`${name}: approved, and now`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        className="max-h-96 overflow-auto rounded-md bg-well font-mono text-xs leading-5"
      >
        <div className="hidden border-b border-line px-2 py-1 font-sans text-soft md:grid md:grid-cols-2 md:gap-3">
          <span>Approved</span>
          <span>Now</span>
        </div>
        {rows.map((row, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other identity, and none moves
          <Line key={index} row={row} />
        ))}
      </section>
    </div>
  )
}

function Line({ row: { was, now, alike } }: { row: Row }) {
  if (alike !== undefined) {
    return <p className="px-2 py-0.5 font-sans text-soft">{plural(alike, 'line')} alike</p>
  }
  const isSame = was === now
  return (
    <div className="grid grid-cols-1 md:grid-cols-2 md:gap-3">
      {was !== undefined ? (
        <Cell mark={isSame ? '' : '−'} tone="failed" text={was} />
      ) : (
        <span className="max-md:hidden" />
      )}
      {now !== undefined && (
        <span className={isSame ? 'max-md:hidden' : ''}>
          <Cell mark={isSame ? '' : '+'} tone="completed" text={now} />
        </span>
      )}
    </div>
  )
}

function Cell({ mark, tone, text }: { mark: '' | '−' | '+'; tone: string; text: string }) {
  const Tag = mark === '−' ? 'del' : mark === '+' ? 'ins' : 'span'
  return (
    <Tag
      data-tone={tone}
      className={`tone flex gap-1.5 px-2 no-underline ${mark ? 'tone-tint' : 'text-soft'}`}
    >
      <span aria-hidden className={`w-2 shrink-0 select-none ${mark ? 'tone-text' : ''}`}>
        {mark}
      </span>
      <span className="min-w-0 flex-1">
        <Foreign text={text} />
      </span>
    </Tag>
  )
}
