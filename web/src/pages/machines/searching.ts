/**
 * What is looked for: written in a field, kept in the address, which follows a little later than fingers are.
 *
 * What the field said itself and comes back by the address is no news; anything else (a link, the way back) is. Must never
 * know what is found.
 */
import { useEffect, useRef, useState } from 'react'
import { addressOf } from '../../app/router.tsx'

const route = addressOf('/machines')

export interface Searching {
  readonly text: string
  readonly state: string
  /** The worker that is meant. */
  readonly show: string | undefined
  readonly write: (text: string) => void
  readonly choose: (state: string) => void
  readonly clear: () => void
}

export function useSearching(): Searching {
  const { show, q = '', state = '' } = route.useSearch()
  const navigate = route.useNavigate()
  const [text, setText] = useState(q)
  const ours = useRef<string[]>([])
  useEffect(() => {
    const place = ours.current.indexOf(q)
    ours.current = ours.current.slice(place + 1)
    if (place < 0) setText(q)
  }, [q])
  const go = (part: { readonly q?: string; readonly state?: string }) => {
    if (part.q !== undefined) {
      ours.current = [...ours.current, part.q]
      setText(part.q)
    }
    void navigate({ search: before => ({ ...before, ...part }), replace: true })
  }
  return {
    text,
    state,
    show,
    write: next => go({ q: next }),
    choose: next => go({ state: next }),
    clear: () => go({ q: '', state: '' }),
  }
}
