import { expect, it } from 'vitest'
import { deedsOf } from './deeds.ts'
import { sampleJob } from './sample.ts'

it('cancels what has not ended, once', () => {
  expect(deedsOf(sampleJob()).cancel).toBe(true)
  expect(deedsOf(sampleJob({ state: 'running' })).cancel).toBe(true)
  expect(deedsOf(sampleJob({ state: 'cancelling' }))).toMatchObject({ cancel: false, cancelling: true })
  expect(deedsOf(sampleJob({ state: 'completed' })).cancel).toBe(false)
})

it('retries and deletes only what has ended', () => {
  expect(deedsOf(sampleJob({ state: 'failed' }))).toMatchObject({ retry: true, remove: true, watch: false })
  expect(deedsOf(sampleJob({ state: 'cancelling' }))).toMatchObject({
    retry: false,
    remove: false,
    watch: true,
  })
})

it('holds, releases and moves only what waits', () => {
  expect(deedsOf(sampleJob())).toMatchObject({ hold: true, release: false, priority: true })
  expect(deedsOf(sampleJob({ held: true }))).toMatchObject({ hold: false, release: true })
  expect(deedsOf(sampleJob({ state: 'running' }))).toMatchObject({
    hold: false,
    release: false,
    priority: false,
  })
})
