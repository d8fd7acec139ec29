/** An address of somebody else's, whole, its host in bold, and what to beware of. Opened by nothing but a click on a link. */

import { ExternalLink, TriangleAlert } from 'lucide-react'
import { Foreign } from '../../kit/foreign.tsx'
import type { WebAddress } from './webaddress.ts'

export function AddressLine({ address }: { address: WebAddress }) {
  const { before, host, after, hasName, isSecure } = address
  return (
    <div className="flex min-w-0 flex-col gap-1 text-sm">
      <p className="max-h-32 overflow-y-auto rounded-md bg-well px-2.5 py-1.5 font-mono text-xs leading-5 text-soft wrap-anywhere">
        {before}
        <strong className="text-ink">{host}</strong>
        {after}
      </p>
      {hasName && (
        <Beware>What stands before the @ is a name, not where it leads: it leads to {host}.</Beware>
      )}
      {!isSecure && <Beware>It is not encrypted: whoever is on the way can read and change it.</Beware>}
    </div>
  )
}

function Beware({ children }: { children: React.ReactNode }) {
  return (
    <p data-tone="warn" className="tone flex items-start gap-1.5 text-xs">
      <TriangleAlert aria-hidden size={13} className="tone-text mt-0.5 shrink-0" />
      <span>{children}</span>
    </p>
  )
}

/** The link that leads there, in a window of its own that knows nothing of this one. */
export function OpenLink({ address }: { address: WebAddress }) {
  return (
    <a
      href={address.href}
      target="_blank"
      rel="noopener noreferrer"
      className="inline-flex h-8 max-w-full items-center gap-1.5 rounded-md border border-line-strong bg-raised px-3 text-sm font-medium hover:bg-hover"
    >
      <ExternalLink aria-hidden size={16} className="shrink-0" />
      <span className="truncate">Open {address.host}</span>
    </a>
  )
}

/** An address that may not be opened here: its characters. */
export function PlainAddress({ text }: { text: string }) {
  return (
    <p className="rounded-md bg-well px-2.5 py-1.5 font-mono text-xs leading-5">
      <Foreign text={text} />
    </p>
  )
}
