/** Jobs whose end one wants to be told of, here and in a hidden tab: by the browser's notification, and a sound if wished. */

import { useSyncExternalStore } from 'react'
import { href } from './address.ts'
import { announce } from './announce.tsx'
import { headway } from './headway.ts'
import { settings } from './settings.ts'
import { done } from './toasts.tsx'

const watched = new Map<string, () => void>()
const listeners = new Set<() => void>()
/** Characters of a question in a notice. */
const MOST = 200
const FINAL: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled'])

export function isWatched(id: string): boolean {
  return watched.has(id)
}

export function useWatched(id: string): boolean {
  return useSyncExternalStore(subscribe, () => watched.has(id))
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function changed(): void {
  for (const listener of listeners) listener()
}

/** By job, the question that was told of. */
const asked = new Map<string, string>()

/** Tell me when it ends, and when it asks for something; a second call takes it back. Asks for the right to notify the first time it is wanted. */
export function watchJob(id: string): void {
  const stop = watched.get(id)
  if (stop) {
    watched.delete(id)
    asked.delete(id)
    stop()
    changed()
    return
  }
  if (settings().notify && 'Notification' in window && Notification.permission === 'default')
    void Notification.requestPermission()
  const followed = headway.live.follow([`job:${id}`])
  const forget = followed.subscribe(() => moved(id))
  watched.set(id, () => {
    forget()
    followed.close()
  })
  changed()
  moved(id)
}

function moved(id: string): void {
  const followed = headway.live.follow([`job:${id}`])
  const job = followed.view.topics.get(`job:${id}`)?.documents.get('job')?.get(id) as
    | { state?: string; kind?: string; input?: { request: string; message: string } }
    | undefined
  followed.close()
  if (job?.input && job.state === 'running' && asked.get(id) !== job.input.request) {
    asked.set(id, job.input.request)
    say(`${job.kind} needs input: ${job.input.message.slice(0, MOST)}`, id)
  }
  if (!job?.state || !FINAL.has(job.state)) return
  watchJob(id)
  say(`${job.kind} ${job.state}`, id)
  if (settings().sound) chime(job.state === 'completed')
}

function say(text: string, id: string): void {
  announce(text)
  done(text)
  notify(text, id)
}

function notify(text: string, id: string): void {
  if (!settings().notify || !('Notification' in window) || Notification.permission !== 'granted') return
  const notice = new Notification('Headway', { body: text, tag: id, icon: href('icon.svg') })
  notice.onclick = () => {
    window.focus()
    location.assign(href(`jobs/${encodeURIComponent(id)}`))
  }
}

/** Two short tones: up for what went well, down for what did not. */
export function chime(well: boolean): void {
  const audio = new AudioContext()
  const tones = well ? [660, 880] : [440, 330]
  tones.forEach((frequency, index) => {
    const [tone, volume] = [audio.createOscillator(), audio.createGain()]
    const at = audio.currentTime + index * 0.14
    tone.frequency.value = frequency
    volume.gain.setValueAtTime(0.08, at)
    volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.13)
    tone.connect(volume).connect(audio.destination)
    tone.start(at)
    tone.stop(at + 0.14)
  })
  setTimeout(() => void audio.close(), 600)
}
