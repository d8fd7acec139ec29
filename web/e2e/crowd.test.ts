import type { Page } from 'playwright-core'
import { beforeAll, expect, it } from 'vitest'
import { house, pillSays, row, sees, until } from './house.ts'

const MANY = 10_000
const home = house({ args: [] }) // no worker: they wait

beforeAll(async () => {
  const jobs = Array.from({ length: MANY }, (_, number) => ({
    kind: number % 10 === 0 ? 'rare' : 'many',
    args: { number },
    labels: { tenth: String(number % 10) },
  }))
  await home.hw.submitMany(jobs)
})

/** What stands in the first line over the list. */
const count = (page: Page) => page.getByRole('grid', { name: 'Jobs' }).getAttribute('aria-rowcount')

it('counts of ten thousand are exact, and the list goes on as far as one scrolls', async () => {
  const page = await home.open('/jobs')
  await until(() => count(page)).toBe(String(MANY + 1))
  await sees(page.getByRole('button', { name: /Waiting/ }), '10,000')
  const list = page.getByRole('grid', { name: 'Jobs' })

  await until(async () => {
    await list.evaluate(node => node.scrollTo({ top: node.scrollHeight }))
    return Number(await page.locator('[aria-rowindex]').last().getAttribute('aria-rowindex'))
  }).toBeGreaterThan(1_000)

  expect(await page.locator('[data-id]').count()).toBeLessThan(80)
})

it('no row moves under the pointer: what came is counted until it is asked for', async () => {
  const page = await home.open('/jobs')
  await until(() => count(page)).toBe(String(MANY + 1))
  const first = page.locator('[data-id][aria-rowindex="2"]')
  const before = await first.getAttribute('data-id')
  await first.hover()

  const made = await home.hw.submitMany([1, 2, 3].map(number => ({ kind: 'new', args: { number } })))

  const button = page.getByRole('button', { name: '3 new' })
  await button.waitFor()
  expect(await first.getAttribute('data-id')).toBe(before)
  await button.click()
  await until(() => first.getAttribute('data-id')).toBe(
    made
      .map(job => job.id)
      .sort()
      .at(-1),
  )
  await Promise.all(made.map(job => job.cancel()))
})

it('all that match are cancelled at once, after they were counted, and it can be watched', async () => {
  const page = await home.open('/jobs?q=label.tenth:3+state:queued')
  await sees(page, /1,000/)
  await page.locator('[data-id]').first().getByRole('checkbox').check()
  await page.getByRole('button', { name: /^Select all/ }).click()
  await page.getByRole('region', { name: 'Selected jobs' }).getByRole('button', { name: 'Cancel' }).click()
  await sees(page, 'Cancel all 1,000 jobs that match?')

  await page.getByRole('button', { name: 'Cancel 1,000 jobs' }).click()

  await sees(page.getByRole('region', { name: 'Progress of the action' }), '1,000 of 1,000 cancelled')
  await sees(page.locator('[data-id]').first(), 'cancelled') // none leaves while somebody is at it
  await page.mouse.move(0, 0)
  await page.keyboard.press('Escape')
  await sees(page, 'No job matches')
})

it('by keyboard alone: search, walk, select, cancel, and back', async () => {
  const page = await home.open('/jobs')
  await pillSays(page, 'Live')
  await until(() => page.locator('[data-id]').count()).toBeGreaterThan(5)
  const press = (key: string) => page.keyboard.press(key)
  await press('/')
  await page.keyboard.type('kin')
  await page.getByRole('option', { name: 'kind:' }).waitFor()
  await press('ArrowDown')
  await press('Enter')
  await page.keyboard.type('ra')
  await page.getByRole('option', { name: 'rare' }).waitFor()
  await press('ArrowDown')
  await press('Enter')
  await page.waitForURL(/q=kind%3Arare/)
  await sees(page, /1,000 jobs/)
  await press('Escape')
  await press('Escape')

  await press('j')
  await press('j')
  await press('x')
  await sees(page.getByRole('region', { name: 'Selected jobs' }), '1 selected')
  const chosen = (await page.locator('[data-id][aria-selected="true"]').getAttribute('data-id')) ?? ''
  await press('c')
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /^Cancel/ })
    .press('Enter')

  await sees(row(page, chosen), 'cancelled')
  await press('Escape')
  await row(page, chosen).press('Enter')
  await page.waitForURL(new RegExp(chosen))
  await press('?')
  await sees(page.getByRole('dialog', { name: 'Keyboard' }), 'Retry this job')
  await press('Escape')
  await press('Control+k')
  await page.getByRole('dialog', { name: 'Command palette' }).getByRole('option').first().waitFor()
  await page.keyboard.type('queues')
  await sees(page.getByRole('option', { selected: true }), 'Queues')
  await press('Enter')
  await page.waitForURL(/\/queues$/)
  await press('g')
  await press('j')
  await page.waitForURL(/\/jobs$/)
})

it('a filter that cannot be read is said, with the way out', async () => {
  const page = await home.open('/jobs')
  await page.getByRole('combobox', { name: 'Filter jobs' }).fill('colour:red')

  await page.keyboard.press('Enter')

  await sees(page.getByRole('alert'), /colour/)
})
