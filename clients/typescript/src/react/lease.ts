/**
 * Something that is open while anybody uses it, and a little longer: a page that goes to another and back finds it open.
 *
 * Must never know what it opens. Used for lists, logs and topics.
 */
/** How long what nobody uses stays open. */
export const LINGER_MS = 2_000

export interface Leasable {
  open(): void
  close(): void
}

interface Lease {
  users: number
  timer: ReturnType<typeof setTimeout> | undefined
}

const leases = new WeakMap<Leasable, Lease>()

/** Use it; the answer, called once, ends that. The first use opens, and so long after the last it is closed. */
export function lease(it: Leasable): () => void {
  const held = leases.get(it) ?? { users: 0, timer: undefined }
  leases.set(it, held)
  held.users += 1
  clearTimeout(held.timer)
  it.open()
  let isHeld = true
  return () => {
    if (!isHeld) return
    isHeld = false
    held.users -= 1
    if (held.users) return
    held.timer = setTimeout(() => it.close(), LINGER_MS)
  }
}
