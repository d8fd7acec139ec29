/** Keyboard shortcuts: pages say what their keys do, this listens once. Single letters can be switched off (WCAG 2.1.4).
 * A key is what `event.key` says, `mod+k` with Ctrl or ⌘, `shift+x` for a letter with Shift, or two in a row: `g j`. */

import { useEffect, useRef } from 'react'
import { settings } from './settings.ts'

export interface Shortcut {
  readonly keys: string
  readonly does: string
  readonly group: string
  readonly run: () => void
  /** Also while a text field has the focus (only keys with mod). */
  readonly always?: boolean
}

const live = new Set<{ readonly shortcuts: () => readonly Shortcut[] }>()
const SECOND_MS = 1_200
let first = ''
let firstAt = 0

/** Every shortcut that works now, for the sheet. */
export function shortcuts(): readonly Shortcut[] {
  return [...live].flatMap(each => each.shortcuts())
}

/** These work as long as the component is there; the newest component wins. */
export function useKeys(list: readonly Shortcut[]): void {
  const latest = useRef(list)
  useEffect(() => {
    latest.current = list
  })
  useEffect(() => {
    const entry = { shortcuts: () => latest.current }
    live.add(entry)
    return () => {
      live.delete(entry)
    }
  }, [])
}

function written(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest('input, textarea, select, [contenteditable="true"]') !== null
  )
}

function pressed(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || event.altKey) return
  const mod = event.ctrlKey || event.metaKey
  const letter = !mod && event.key.length === 1
  const shift = letter && event.shiftKey && /^[a-z]$/i.test(event.key) // `?` needs Shift on most keyboards: its own key
  const key = `${mod ? 'mod+' : ''}${shift ? 'shift+' : ''}${event.key.length === 1 ? event.key.toLowerCase() : event.key}`
  if (letter && !settings().letterKeys) return
  const modal = document.querySelector('dialog[open], [aria-haspopup="menu"][aria-expanded="true"]') !== null
  const pair = first && event.timeStamp - firstAt < SECOND_MS ? `${first} ${key}` : ''
  const found = [...shortcuts()]
    .reverse()
    .find(
      each =>
        (each.keys === pair || each.keys === key) && (each.always || (!written(event.target) && !modal)),
    )
  first = found || written(event.target) ? '' : key
  firstAt = event.timeStamp
  if (!found) return
  event.preventDefault()
  found.run()
}

document.addEventListener('keydown', pressed)
