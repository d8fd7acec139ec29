/**
 * What can be done to jobs: one table for buttons, menus, keys and many at once.
 *
 * Must never know rows or dialogs. What an action means is the server's; it refuses what does not fit.
 */
import type { Headway, JobDoc } from '@headway/client'
import { Ban, Hand, ListOrdered, type LucideIcon, Play, RotateCcw, Trash2 } from 'lucide-react'
import type { BulkAction } from '../../app/copyas.ts'
import { FINAL, WAITING } from '../../words/states.ts'

export interface Act {
  /** As on a button: `Cancel`. */
  readonly word: string
  /** As in a question, where that is no verb: `Change the priority of`. */
  readonly asks?: string
  /** As in a notice, of how many: `cancelled`. */
  readonly done: string
  readonly icon: LucideIcon
  readonly danger?: boolean
  readonly fits: (job: Pick<JobDoc, 'state' | 'held'>) => boolean
  /** What it means, for those who are asked whether they want it. */
  readonly means: string
}

export const ACTS: Readonly<Record<BulkAction, Act>> = {
  cancel: {
    word: 'Cancel',
    done: 'cancelled',
    icon: Ban,
    danger: true,
    fits: ({ state }) => !FINAL.has(state) && state !== 'cancelling',
    means: 'What waits is cancelled at once; what runs is asked to stop and cleans up.',
  },
  retry: {
    word: 'Retry',
    done: 'run again',
    icon: RotateCcw,
    fits: ({ state }) => FINAL.has(state),
    means: 'Each that has ended runs again as a new job with the same arguments.',
  },
  hold: {
    word: 'Hold',
    done: 'held',
    icon: Hand,
    fits: ({ state, held }) => WAITING.has(state) && !held,
    means: 'They keep their place and do not start until they are released.',
  },
  release: {
    word: 'Release',
    done: 'released',
    icon: Play,
    fits: ({ state, held }) => WAITING.has(state) && held === true,
    means: 'What was held may start.',
  },
  priority: {
    word: 'Priority',
    asks: 'Change the priority of',
    done: 'moved',
    icon: ListOrdered,
    fits: ({ state }) => WAITING.has(state),
    means: 'Higher runs first. It counts while a job waits.',
  },
  delete: {
    word: 'Delete',
    done: 'deleted',
    icon: Trash2,
    danger: true,
    fits: ({ state }) => FINAL.has(state),
    means: 'Those that have ended, their logs and their files are removed for good.',
  },
}
export const ACTIONS: readonly BulkAction[] = ['cancel', 'retry', 'hold', 'release', 'priority', 'delete']

/** Many jobs: those named, or all that match. */
export type Meant = { readonly ids: readonly string[] } | { readonly q: string }

/** Do it to one job. A retry answers with the id of the new one. */
export async function actOn(
  client: Headway,
  action: BulkAction,
  id: string,
  priority = 0,
): Promise<string | undefined> {
  switch (action) {
    case 'cancel':
      await client.cancel(id)
      return undefined
    case 'retry':
      return (await client.retry(id)).id
    case 'hold':
      await client.hold(id)
      return undefined
    case 'release':
      await client.release(id)
      return undefined
    case 'priority':
      await client.setPriority(id, priority)
      return undefined
    case 'delete':
      await client.remove(id)
      return undefined
  }
}
