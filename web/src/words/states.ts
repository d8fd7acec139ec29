/** States as words, icons and tones: the one place that decides how a state looks. */

import type { LucideIcon } from 'lucide-react'
import {
  Ban,
  CalendarClock,
  CircleCheck,
  CircleDashed,
  CircleHelp,
  CircleX,
  Hand,
  Hourglass,
  LoaderCircle,
  LogOut,
  MessageCircleQuestion,
  OctagonPause,
  PlugZap,
  TriangleAlert,
  Unplug,
} from 'lucide-react'

export type Tone =
  | 'running'
  | 'waiting'
  | 'scheduled'
  | 'completed'
  | 'failed'
  | 'cancelled'
  | 'cancelling'
  | 'warn'
  | 'accent'
  | 'soft'

export interface Look {
  readonly word: string
  readonly tone: Tone
  readonly icon: LucideIcon
}

export const JOB_STATES = [
  'scheduled',
  'blocked',
  'queued',
  'running',
  'cancelling',
  'completed',
  'failed',
  'cancelled',
] as const
export type JobState = (typeof JOB_STATES)[number]
export const FINAL: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled'])
export const ACTIVE: ReadonlySet<string> = new Set(['running', 'cancelling'])
export const WAITING: ReadonlySet<string> = new Set(['scheduled', 'blocked', 'queued'])

const UNKNOWN: Look = { word: 'unknown', tone: 'soft', icon: CircleHelp }

const LOOKS: Readonly<Record<string, Look>> = {
  scheduled: { word: 'scheduled', tone: 'scheduled', icon: CalendarClock },
  blocked: { word: 'blocked', tone: 'warn', icon: Hourglass },
  queued: { word: 'queued', tone: 'waiting', icon: CircleDashed },
  running: { word: 'running', tone: 'running', icon: LoaderCircle },
  cancelling: { word: 'cancelling…', tone: 'cancelling', icon: Ban },
  completed: { word: 'completed', tone: 'completed', icon: CircleCheck },
  failed: { word: 'failed', tone: 'failed', icon: CircleX },
  cancelled: { word: 'cancelled', tone: 'cancelled', icon: Ban },
  // conditions beside the state
  needs_input: { word: 'needs input', tone: 'warn', icon: MessageCircleQuestion },
  held: { word: 'held', tone: 'warn', icon: Hand },
  paused: { word: 'paused', tone: 'warn', icon: OctagonPause },
  // workers and services
  starting: { word: 'starting', tone: 'scheduled', icon: CircleDashed },
  online: { word: 'online', tone: 'completed', icon: CircleCheck },
  idle: { word: 'idle', tone: 'completed', icon: CircleCheck },
  busy: { word: 'busy', tone: 'running', icon: LoaderCircle },
  draining: { word: 'draining', tone: 'cancelling', icon: Hourglass },
  stale: { word: 'stale', tone: 'warn', icon: Hourglass },
  left: { word: 'left', tone: 'soft', icon: LogOut },
  disconnected: { word: 'disconnected', tone: 'cancelled', icon: Unplug },
  lost: { word: 'lost', tone: 'failed', icon: PlugZap },
  problem: { word: 'problem', tone: 'failed', icon: TriangleAlert },
  error: { word: 'error', tone: 'failed', icon: TriangleAlert },
  unreachable: { word: 'unreachable', tone: 'failed', icon: Unplug },
}

/** How a state of a job, attempt, worker or service looks; a word nobody knows keeps its own name. */
export function lookOf(state: string | undefined): Look {
  if (!state) return UNKNOWN
  return LOOKS[state] ?? { ...UNKNOWN, word: state.replaceAll('_', ' ') }
}
