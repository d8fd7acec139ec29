/** Pages and dialogs that are loaded when wanted, also while the server is away: they come when it is back. */
import { headway } from './headway.ts'
import { patient } from './patient.ts'
import { failed } from './toasts.tsx'

const AGAIN_MS = 5_000

/** For `lazy`: waits for the server where React would give up the whole page. */
export function whenThere<T>(load: () => Promise<T>): () => Promise<T> {
  return patient(load, backAgain, () =>
    failed(new Error('This cannot be loaded while the server does not answer. It appears once it does.')),
  )
}

/** Until the link is up again; where it is not what is missing, for a while. */
function backAgain(): Promise<void> {
  const { connection } = headway.live
  const wasFresh = connection.get().fresh
  return new Promise(resolve => {
    const end = connection.subscribe(() => !wasFresh && connection.get().fresh && over())
    const timer = setTimeout(over, AGAIN_MS)
    function over(): void {
      end()
      clearTimeout(timer)
      resolve()
    }
  })
}
