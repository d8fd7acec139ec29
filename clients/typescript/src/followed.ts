/**
 * Who follows what: subscriptions counted by reference, and the change that their listeners are told once per frame drawn.
 *
 * The same topics with the same options share one subscription. The last one who closes leaves it open for a short while, so
 * that going from one page to the next fetches nothing anew. Must never know links or time. Used by live.ts.
 */
import type { Change } from './change.ts'
import { errorOf, type HeadwayError } from './errors.ts'
import { callAll } from './readable.ts'
import type { Subscription, SubscriptionOptions } from './subscription.ts'
import type { View } from './viewing.ts'
import type { ErrorFrame } from './wire.ts'

/** What somebody follows. Read `view` at any time; it changes only between frames, with a word to the listeners. */
export interface Followed {
  readonly view: View
  /** The view stands on a consistent cut (R5). */
  readonly ready: boolean
  /** Why the server does not give this, or why the link has ended for good. */
  readonly refused: HeadwayError | undefined
  /** `listener` is called with all that changed, at most once per frame drawn. */
  subscribe(listener: (change: Change) => void): () => void
  /** No more of it; a second call does nothing. */
  close(): void
}

/** One subscription and those who share it. */
export class Share {
  readonly key: string
  readonly subscription: Subscription
  users = 0
  /** Cancels the end that is near. */
  staying: (() => void) | undefined
  readonly #listeners = new Set<(change: Change) => void>()
  #refusedBy: ErrorFrame | undefined
  #refused: HeadwayError | undefined
  #told: HeadwayError | undefined
  #linkRefused: HeadwayError | undefined

  constructor(key: string, subscription: Subscription) {
    this.key = key
    this.subscription = subscription
  }

  get refused(): HeadwayError | undefined {
    const { refused } = this.subscription
    if (refused !== this.#refusedBy) {
      this.#refusedBy = refused
      this.#refused = refused && errorOf(refused)
    }
    return this.#refused ?? this.#linkRefused
  }

  /** The link has ended for good, or (undefined) is tried again. */
  refuse(error: HeadwayError | undefined): void {
    this.#linkRefused = error
  }

  get hasNews(): boolean {
    return this.subscription.view.hasChanged || this.refused !== this.#told
  }

  tell(): void {
    this.#told = this.refused
    const change = this.subscription.view.takeChange()
    callAll(this.#listeners, listener => listener(change))
  }

  /** One more who follows; `left` is called once, when that one closes. */
  join(left: () => void): Followed {
    const share = this
    const own = new Set<() => void>()
    let isOpen = true
    this.users += 1
    return {
      view: this.subscription.view,
      get ready() {
        return share.subscription.view.ready
      },
      get refused() {
        return share.refused
      },
      subscribe(listener) {
        const told = (change: Change) => listener(change)
        const end = () => {
          share.#listeners.delete(told)
          own.delete(end)
        }
        if (isOpen) {
          share.#listeners.add(told)
          own.add(end)
        }
        return end
      },
      close() {
        if (!isOpen) return
        isOpen = false
        for (const end of [...own]) end()
        share.users -= 1
        left()
      },
    }
  }
}

let unshared = 0

/** Equal for what may share a subscription. Whoever goes on from a cursor of their own shares with nobody. */
export function keyOf({
  topics,
  want = 'auto',
  conflate = true,
  paceMs,
  since,
}: SubscriptionOptions): string {
  if (since !== undefined) {
    unshared += 1
    return `own ${unshared}`
  }
  return JSON.stringify([[...topics].sort(), want, conflate, paceMs ?? null])
}
