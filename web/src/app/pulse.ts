/** What the page says without being looked at: the title and the icon of its tab. */

import { useTopic } from '@headway/client/react'
import { useEffect, useState, useSyncExternalStore } from 'react'
import { brief } from '../words/numbers.ts'
import { href } from './address.ts'

let title = ''
const listeners = new Set<() => void>()

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** The title of the page that is shown: `crawl 42 %`. */
export function useTitle(text: string): void {
  useEffect(() => {
    title = text
    for (const listener of listeners) listener()
  }, [text])
}

interface Sample {
  readonly seq: number
  readonly running: number
  readonly failed: number
}

/** The newest sample of the metrics: how many run, how many failed in its time. */
function useSample(): Sample | undefined {
  const { data } = useTopic('metrics', {
    select: (seen): Sample | undefined => {
      const newest = seen.events().at(-1)
      if (!newest) return undefined
      const now = newest.data.now as Readonly<Record<string, number>> | undefined
      const happened = newest.data.happened as Readonly<Record<string, number>> | undefined
      return { seq: newest.seq, running: now?.running ?? 0, failed: happened?.failed ?? 0 }
    },
  })
  return data
}

/** `(3) Jobs · Headway`, and a dot on the icon: blue while jobs run, red when one failed while nobody looked. */
export function usePulse(): void {
  const page = useSyncExternalStore(subscribe, () => title)
  const sample = useSample()
  const failed = useFailedUnseen(sample)
  const running = sample?.running ?? 0
  useEffect(() => {
    document.title = `${running ? `(${brief(running)}) ` : ''}${page ? `${page} · ` : ''}Headway`
  }, [page, running])
  useEffect(() => drawIcon(failed ? '#e03544' : running ? '#3b82f6' : ''), [failed, running])
}

function useFailedUnseen(sample: Sample | undefined): boolean {
  const [unseen, setUnseen] = useState(false)
  useEffect(() => {
    if (document.hidden && sample && sample.failed > 0) setUnseen(true)
  }, [sample])
  useEffect(() => {
    const look = () => document.hidden || setUnseen(false)
    document.addEventListener('visibilitychange', look)
    return () => document.removeEventListener('visibilitychange', look)
  }, [])
  return unseen
}

const BARS = [
  [20, 0.95],
  [14, 0.75],
  [8, 0.55],
] as const

function drawIcon(dot: string): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]')
  if (!link) return
  if (!dot) {
    link.type = 'image/svg+xml'
    link.href = href('icon.svg')
    return
  }
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = 32
  const pen = canvas.getContext('2d')
  if (!pen) return
  pen.fillStyle = '#3b5bdb'
  pen.beginPath()
  pen.roundRect(0, 0, 32, 32, 8)
  pen.fill()
  BARS.forEach(([width, opacity], index) => {
    pen.fillStyle = `rgb(255 255 255 / ${opacity})`
    pen.fillRect(6, 8 + index * 6, width, 4)
  })
  pen.fillStyle = '#fff'
  pen.beginPath()
  pen.arc(24, 24, 8, 0, 2 * Math.PI)
  pen.fill()
  pen.fillStyle = dot
  pen.beginPath()
  pen.arc(24, 24, 6, 0, 2 * Math.PI)
  pen.fill()
  link.type = 'image/png'
  link.href = canvas.toDataURL('image/png')
}
