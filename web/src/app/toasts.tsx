/** Short notices of what an action did; errors stay until dismissed. Read out once, politely. */

import { CircleCheck, CircleX, type LucideIcon, Megaphone, TriangleAlert, X } from 'lucide-react'
import { useSyncExternalStore } from 'react'
import { Button } from '../kit/button.tsx'
import type { Tone } from '../words/states.ts'

type Sort = 'done' | 'failed' | 'alert' | 'announced'

const LOOKS: Readonly<Record<Sort, readonly [Tone, LucideIcon]>> = {
  done: ['completed', CircleCheck],
  failed: ['failed', CircleX],
  alert: ['failed', TriangleAlert],
  announced: ['accent', Megaphone],
}

interface Toast {
  readonly id: number
  readonly sort: Sort
  readonly text: string
  readonly hint?: string
  readonly action?: { readonly label: string; readonly run: () => void }
}

let shown: readonly Toast[] = []
let last = 0
const listeners = new Set<() => void>()
const STAYS_MS = 6_000

function show(toasts: readonly Toast[]): void {
  shown = toasts
  for (const listener of listeners) listener()
}

function drop(id: number): void {
  show(shown.filter(toast => toast.id !== id))
}

/** Say that something was done. */
export function done(text: string, action?: Toast['action']): void {
  last += 1
  const id = last
  show([...shown.slice(-3), { id, sort: 'done', text, ...(action ? { action } : {}) }])
  setTimeout(() => drop(id), STAYS_MS)
}

/** Say that something failed, with the server's sentence and the way out. */
export function failed(error: unknown): void {
  last += 1
  const text = error instanceof Error ? error.message : String(error)
  const hint =
    error instanceof Error && 'hint' in error && typeof error.hint === 'string' ? error.hint : undefined
  show([...shown.slice(-3), { id: last, sort: 'failed', text, ...(hint ? { hint } : {}) }])
}

/** Show what somebody else has to say, until it is dismissed; the same again is shown once. */
export function noticed(sort: 'alert' | 'announced', text: string, action?: Toast['action']): void {
  last += 1
  const others = shown.filter(toast => toast.sort !== sort || toast.text !== text)
  show([...others.slice(-3), { id: last, sort, text, ...(action ? { action } : {}) }])
}

/** Run an action; say what it did, or why it did not. */
export async function tell<T>(
  work: Promise<T>,
  text: string | ((value: T) => string),
): Promise<T | undefined> {
  try {
    const value = await work
    done(typeof text === 'string' ? text : text(value))
    return value
  } catch (error) {
    failed(error)
    return undefined
  }
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function Toasts() {
  const toasts = useSyncExternalStore(subscribe, () => shown)
  return (
    <div
      role="status"
      aria-live="polite"
      className="pointer-events-none fixed inset-x-3 bottom-16 z-50 flex flex-col items-end gap-2 sm:bottom-4"
    >
      {toasts.map(toast => (
        <Notice key={toast.id} toast={toast} />
      ))}
    </div>
  )
}

function Notice({ toast }: { toast: Toast }) {
  const [tone, Icon] = LOOKS[toast.sort]
  return (
    <div
      data-tone={tone}
      data-sort={toast.sort}
      className="tone pointer-events-auto flex w-full max-w-sm items-start gap-2 rounded-lg border border-line bg-raised py-2 pr-2 pl-3 text-sm shadow-raised"
    >
      <Icon aria-hidden size={16} className="tone-text mt-1 shrink-0" />
      <div className="min-w-0 flex-1 py-0.5 break-words">
        {toast.text}
        {toast.hint && <p className="text-soft">{toast.hint}</p>}
      </div>
      {toast.action && (
        <Button
          small
          onClick={() => {
            toast.action?.run()
            drop(toast.id)
          }}
        >
          {toast.action.label}
        </Button>
      )}
      <Button small weight="quiet" icon={X} label="Dismiss" onClick={() => drop(toast.id)} />
    </div>
  )
}
