/**
 * Places for answers that are kept open, shared by every page of one browser.
 *
 * Over HTTP/1.1 a browser has six connections to one server for all its tabs together: pages that kept more open would let
 * no request of any of them through, and no other page load. So an answer is kept open only from a seat; without one, one
 * asks shortly and often. Where the browser has no locks (plain HTTP beyond this machine), each page has one seat. Called by
 * sse.ts and poll.ts.
 */

/** Take a seat if there is one; what is returned leaves it. */
export type Seat = () => Promise<(() => void) | undefined>

/** The part of the standard LockManager that is used. */
export interface Locks {
  request(
    name: string,
    options: { ifAvailable: true },
    hold: (lock: unknown) => Promise<void> | undefined,
  ): Promise<unknown>
}

const SEATS = 4
const WITHOUT_LOCKS = 1

/** There is always one: beyond browsers nobody counts connections. */
export const FREE: Seat = async () => () => undefined

/** Seats of all pages that call them by one name. */
export function seatsOf(name: string, locks: Locks | undefined): Seat {
  return locks ? () => shared(name, locks) : alone(WITHOUT_LOCKS)
}

async function shared(name: string, locks: Locks): Promise<(() => void) | undefined> {
  for (let seat = 0; seat < SEATS; seat += 1) {
    const leave = await held(`${name} ${seat}`, locks)
    if (leave) return leave
  }
  return undefined
}

/** The lock, if nobody has it: kept until it is left or the page is gone. */
function held(name: string, locks: Locks): Promise<(() => void) | undefined> {
  return new Promise(resolve => {
    const asked = locks.request(name, { ifAvailable: true }, lock => {
      if (lock) return new Promise<void>(leave => resolve(leave))
      resolve(undefined)
      return undefined
    })
    asked.catch(() => resolve(undefined))
  })
}

function alone(seats: number): Seat {
  let free = seats
  return async () => {
    if (free === 0) return undefined
    free -= 1
    return () => {
      free += 1
    }
  }
}
