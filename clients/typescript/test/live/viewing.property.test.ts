import { expect, test } from 'vitest'
import { View } from '../../src/viewing.ts'
import type { BatchFrame, ResetFrame, SnapshotFrame } from '../../src/wire.ts'
import { type Random, seeded } from '../random.ts'
import { shown } from '../shown.ts'
import { EPOCH, generatedLog, TOPICS, World } from './world.ts'

type Frame = BatchFrame | SnapshotFrame | ResetFrame
const SEEDS = Array.from({ length: 150 }, (_, index) => index + 1)

/** The view of one who was there from the beginning and got every event, one by one. */
function uncut(world: World): View {
  const view = new View(TOPICS)
  view.open(EPOCH)
  for (const page of world.snapshot(0)) view.take(page)
  for (const { seq } of world.log) view.take(world.batch(seq - 1, seq))
  return view
}

/** A line that loses, doubles and swaps frames, and is cut now and then. */
function throughAMess(world: World, random: Random): { view: View; fresh: number[] } {
  const view = new View(TOPICS)
  const fresh: number[] = []
  let head = Math.floor(random() * world.log.length)
  let sent = head
  let line: Frame[] = []
  const subscribe = () => {
    view.open(EPOCH)
    line = world.answer(view.seq, head, random)
    sent = head
  }
  const take = (frame: Frame) => {
    const took = view.take(frame)
    fresh.push(...view.takeChange().fresh.map(event => event.seq))
    if (took === 'gap') subscribe()
  }

  subscribe()
  for (let round = 0; round < 100; round += 1) {
    const to = Math.min(head + Math.floor(random() * 4), world.log.length)
    const overlap = random() < 0.2 ? Math.floor(random() * 4) : 0
    line.push(world.batch(Math.max(0, sent - overlap), to))
    head = sent = to
    const dice = random()
    if (dice < 0.03) subscribe()
    else if (dice < 0.15) line.shift()
    else if (dice < 0.25) line.splice(0, 2, ...line.slice(0, 2).reverse())
    const [frame] = line
    if (frame && random() < 0.15) take(frame)
    const next = line.shift()
    if (next) take(next)
  }
  while (line.length) take(line.shift() as Frame)
  for (let tries = 0; tries < 20 && view.seq !== world.log.length; tries += 1) {
    subscribe()
    while (line.length) take(line.shift() as Frame)
  }
  return { view, fresh }
}

test.each(SEEDS)('seed %i: cut, doubled, lost and swapped frames end in the view of the uncut run', seed => {
  const random = seeded(seed)
  const world = new World(generatedLog(random, 120))

  const { view, fresh } = throughAMess(world, random)

  expect(view.seq).toBe(world.log.length)
  expect(shown(view)).toEqual(shown(uncut(world)))
  expect(fresh).toEqual([...new Set(fresh)].sort((one, other) => one - other))
})
