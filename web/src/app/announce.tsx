/** The one voice for those who listen instead of looking: stage changes and ends, at most every ten seconds. */

import { useEffect, useState } from 'react'

const EVERY_MS = 10_000
const MOST = 3
let waiting: string[] = []
let speak: ((text: string) => void) | undefined
let spokenAt = Number.NEGATIVE_INFINITY
let timer: ReturnType<typeof setTimeout> | undefined

/** Have it read out, soon; what is said meanwhile is said together. */
export function announce(text: string): void {
  waiting = [...waiting.filter(each => each !== text), text]
  if (!timer) timer = setTimeout(say, Math.max(0, spokenAt + EVERY_MS - performance.now()))
}

function say(): void {
  timer = undefined
  const more = waiting.length - MOST
  const text = `${waiting.slice(0, MOST).join('. ')}${more > 0 ? `, and ${more} more` : ''}.`
  waiting = []
  spokenAt = performance.now()
  speak?.(text)
}

/** The polite status region itself; once in the page. */
export function Voice() {
  const [text, setText] = useState('')
  useEffect(() => {
    speak = setText
    return () => {
      speak = undefined
    }
  }, [])
  return (
    <p role="status" aria-live="polite" aria-atomic className="sr-only">
      {text}
    </p>
  )
}
