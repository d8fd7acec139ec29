/** What one person prefers, in this browser: theme, contrast, density, time zone, keys, notices. No server state. */

import { useSyncExternalStore } from 'react'

export interface Settings {
  readonly theme: 'system' | 'light' | 'dark'
  readonly contrast: 'normal' | 'more'
  readonly density: 'comfortable' | 'compact'
  readonly zone: 'local' | 'utc'
  readonly ages: boolean // "3 min ago" in tables instead of the time itself
  readonly letterKeys: boolean // single letters as shortcuts (WCAG 2.1.4)
  readonly notify: boolean
  readonly sound: boolean
  readonly wrapLogs: boolean
  readonly logTimes: boolean
}

const KEY = 'headway.settings'
const DEFAULTS: Settings = {
  theme: 'system',
  contrast: 'normal',
  density: 'comfortable',
  zone: 'local',
  ages: true,
  letterKeys: true,
  notify: false,
  sound: false,
  wrapLogs: false,
  logTimes: true,
}

let current: Settings = load()
const listeners = new Set<() => void>()
const dark = matchMedia('(prefers-color-scheme: dark)')

function load(): Settings {
  try {
    const kept: Partial<Settings> = JSON.parse(localStorage.getItem(KEY) ?? '{}')
    return { ...DEFAULTS, ...kept }
  } catch {
    return DEFAULTS
  }
}

export function settings(): Settings {
  return current
}

/** Change some; kept for the next visit where the browser allows it. */
export function change(part: Partial<Settings>): void {
  current = { ...current, ...part }
  try {
    localStorage.setItem(KEY, JSON.stringify(current))
  } catch {
    // private mode: they hold for this page
  }
  dress()
  for (const listener of listeners) listener()
}

export function useSettings(): Settings {
  return useSyncExternalStore(subscribe, settings)
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Write theme, contrast and density onto the document. */
export function dress(): void {
  const root = document.documentElement.dataset
  root.theme = current.theme === 'system' ? (dark.matches ? 'dark' : 'light') : current.theme
  root.contrast = current.contrast
  root.density = current.density
}

dark.addEventListener('change', dress)
