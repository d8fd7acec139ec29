import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { CUT, house, pillSays, row, sees, share, until } from './house.ts'
import { proxied } from './proxy.ts'

const home = house()

/** Every text that the node has had within some frames. */
function textsOf(page: Page, selector: string, ms: number): Promise<string[]> {
  return page
    .locator(selector)
    .first()
    .evaluate(
      (node, span) =>
        new Promise<string[]>(done => {
          const seen = new Set([node.textContent ?? ''])
          const end = performance.now() + span
          const look = () => {
            seen.add(node.textContent ?? '')
            if (performance.now() < end) requestAnimationFrame(look)
            else done([...seen])
          }
          look()
        }),
      ms,
    )
}

/** What the details behind the pill say of one thing. */
async function detail(page: Page, name: string): Promise<string> {
  await page.locator('[data-connection]:visible').first().click()
  const said = await page.locator(`dt:text-is("${name}") + dd`).filter({ visible: true }).first().innerText()
  await page.keyboard.press('Escape')
  return said
}

it('a server that dies is said at once and clocks stop; when it is back nothing is missing and nothing twice', async () => {
  const gate = await home.gate()
  const job = await home.hw.submit('copy', { gate: gate.path, items: 40 })
  const board = await home.open('/jobs', { tolerates: CUT })
  const page = await home.open(`/jobs/${job.id}?tab=events`, { tolerates: CUT })
  await gate.pass(10)
  await sees(share(page), '43 %')
  await sees(row(board, job.id), '43 %')

  await home.server.kill()

  await pillSays(page, /Reconnecting|Offline/)
  expect(await page.locator('[data-fresh]').getAttribute('data-fresh')).toBe('false')
  await sees(page, /this page is cut off/)
  expect(await textsOf(page, '[aria-label="Progress"] dl dd', 1_200)).toHaveLength(1)
  await gate.pass(30) // the worker goes on without its server
  await home.server.restart()
  await pillSays(page, 'Live')
  await sees(share(page), '100 %')
  await sees(row(board, job.id), 'completed')
  const { events } = await home.hw.events(job, { limit: 1000 })
  const lasting = events.filter(event => !['job.progressed', 'job.logged'].includes(event.type)) // the others may be merged
  const shown = page.getByRole('list', { name: 'Events, newest first' }).locator('> li')
  const progressed = shown.filter({ hasText: /^[^a-z]*progressed/ })
  await until(async () => (await shown.count()) - (await progressed.count())).toBe(lasting.length)
  expect(await board.locator(`[data-id="${job.id}"]`).count()).toBe(1)
})

it('a pulled cable is said, what happens meanwhile follows when it is plugged in', async () => {
  const gate = await home.gate()
  const job = await home.hw.submit('copy', { gate: gate.path })
  const context = await home.context()
  const page = await home.open(`/jobs/${job.id}`, { context, tolerates: CUT })
  await sees(share(page), '25 %')

  await context.setOffline(true)

  await pillSays(page, /Offline since|Reconnecting/)
  await gate.pass(4)
  await job.result()
  expect(await share(page).innerText()).toContain('25 %')
  await context.setOffline(false)
  await pillSays(page, 'Live')
  await sees(share(page), '100 %')
})

it('behind a proxy without WebSockets it is live all the same, and says by what', async () => {
  const proxy = await proxied(home.server.url, { upgrades: false })
  const gate = await home.gate()
  const job = await home.hw.submit('copy', { gate: gate.path })
  const page = await home.open(`/jobs/${job.id}`, { at: proxy.url, tolerates: CUT })

  await pillSays(page, 'Live')

  expect(await detail(page, 'Over')).toBe('Server-sent events')
  await sees(share(page), '25 %')
  await gate.pass(4)
  await sees(share(page), '100 %')
  await page.close()
  await proxy.stop()
})

it('over a WebSocket it says so', async () => {
  const page = await home.open('/jobs')

  await pillSays(page, 'Live')

  expect(await detail(page, 'Over')).toBe('WebSocket')
})
