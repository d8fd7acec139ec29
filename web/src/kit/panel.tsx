/** Surfaces: a page with its heading, a panel with its title, and what stands where there is nothing. */

import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'

interface PageProps {
  title: ReactNode
  /** One line under the title. */
  about?: ReactNode
  actions?: ReactNode
  children: ReactNode
  /** Fills the height of the window; its content scrolls, not the page (`least`: the page too, where it is too low). */
  full?: boolean | 'least'
}

export function Page({ title, about, actions, children, full }: PageProps) {
  return (
    <div
      className={`mx-auto flex w-full max-w-[1600px] flex-col gap-3 p-3 sm:p-5 ${full === 'least' ? 'min-h-full' : full ? 'h-full min-h-0' : ''}`}
    >
      <header className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <div className="min-w-0 flex-1">
          <h1 className="truncate text-xl font-semibold tracking-tight">{title}</h1>
          {about && <div className="text-sm text-soft">{about}</div>}
        </div>
        {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      {children}
    </div>
  )
}

interface PanelProps {
  title?: ReactNode
  actions?: ReactNode
  children: ReactNode
  className?: string
  /** Without inner padding: for tables and logs. */
  bare?: boolean
  label?: string
}

export function Panel({ title, actions, children, className = '', bare, label }: PanelProps) {
  return (
    <section aria-label={label} className={`min-w-0 rounded-lg border border-line bg-card ${className}`}>
      {(title || actions) && (
        <header className="flex min-h-10 items-center gap-2 border-b border-line px-3 py-1.5">
          <h2 className="min-w-0 flex-1 truncate text-sm font-semibold">{title}</h2>
          {actions}
        </header>
      )}
      <div className={bare ? '' : 'p-3'}>{children}</div>
    </section>
  )
}

/** What stands where there is nothing yet: says what would be here and how it comes. */
export function Empty({
  icon: Icon,
  title,
  children,
}: {
  icon: LucideIcon
  title: string
  children?: ReactNode
}) {
  return (
    <div className="flex flex-col items-center gap-2 px-4 py-10 text-center">
      <Icon aria-hidden size={28} className="text-soft" strokeWidth={1.5} />
      <p className="font-medium">{title}</p>
      {children && <div className="w-fit max-w-[min(65ch,100%)] text-sm text-soft">{children}</div>}
    </div>
  )
}

/** What went wrong and the way out, from an error of the client. */
export function Problem({ error, children }: { error: unknown; children?: ReactNode }) {
  const message = error instanceof Error ? error.message : String(error)
  const hint = error instanceof Error && 'hint' in error && typeof error.hint === 'string' ? error.hint : ''
  return (
    <div role="alert" className="tone tone-tint rounded-md px-3 py-2 text-sm" data-tone="failed">
      <p className="tone-text font-medium">{message}</p>
      {hint && <p className="text-ink">{hint}</p>}
      {children}
    </div>
  )
}

/** Name and value pairs, in a grid that folds on a phone. */
export function Facts({ children }: { children: ReactNode }) {
  return <dl className="grid grid-cols-[max-content_minmax(0,1fr)] gap-x-4 gap-y-1 text-sm">{children}</dl>
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-soft">{name}</dt>
      <dd className="m-0 min-w-0 break-words">{children}</dd>
    </>
  )
}
