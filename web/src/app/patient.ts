/**
 * Parts of the page that are loaded when wanted, by somebody whose server may be away just then. Must never know which parts.
 */

/** Load until it is there: after a failure again when `wait` is over; `say` hears of the first one. */
export function patient<T>(
  load: () => Promise<T>,
  wait: () => Promise<void>,
  say: () => void,
): () => Promise<T> {
  return async () => {
    for (let failures = 0; ; failures += 1) {
      try {
        return await load()
      } catch {
        if (failures === 0) say()
        await wait()
      }
    }
  }
}

/**
 * A part is gone where the server was upgraded under this page: load the new one, once. Not where nobody answers: then the
 * page that is there is all there is.
 */
export async function reloadWhenReplaced(
  asks: () => Promise<boolean>,
  reload: () => void,
  now = Date.now(),
  kept: Storage = sessionStorage,
): Promise<void> {
  const last = Number(kept.getItem(RELOADED) ?? 0)
  if (now - last < 10_000 || !(await asks())) return
  kept.setItem(RELOADED, String(now))
  reload()
}

const RELOADED = 'headway.reloaded'
