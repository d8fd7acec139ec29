import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { house, sees, until } from './house.ts'

const home = house()

const HOSTILE = [
  '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>',
  '\u001b[31mred\u001b[0m \u001b]0;owned\u0007\u001b[2J\u001b[1;1Hstays',
  'safe \u202Egnp.exe\u202C \u2066x\u2069',
  `long ${'x'.repeat(1_000_000)}`,
  '\u0000\u0007\u001b',
  'javascript:alert(1) https://example.invalid/?q=<b>',
  'the end of it',
]

async function said(lines: readonly string[], gate = ''): Promise<string> {
  const path = join(home.folder, `${crypto.randomUUID()}.txt`)
  await writeFile(path, lines.join('\n'))
  const job = await home.hw.submit('talk', { path, gate })
  if (!gate) await job.result()
  return job.id
}

const log = (page: Page) => page.getByRole('log', { name: 'Log lines' })
const line = (page: Page, number: number) => log(page).locator(`[data-n="${number}"]`)

it('what a log says is only ever text', async () => {
  const id = await said(HOSTILE)

  const page = await home.open(`/jobs/${id}?tab=logs`)

  await sees(log(page), 'the end of it')
  await sees(line(page, 1), '<script>document.title="owned"</script>')
  expect(await log(page).locator('img, script, b').count()).toBe(0)
  expect(await page.title()).not.toContain('owned')
  expect(await line(page, 2).innerText()).toContain('red')
  expect(await line(page, 2).innerText()).not.toContain('\u001b')
  expect((await line(page, 4).innerText()).length).toBeLessThan(100_000)
  const sideways = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  )
  expect(sideways).toBe(0)
})

it('a hundred thousand lines: by link, by search, and to the end as it comes', async () => {
  const gate = await home.gate()
  const lines = Array.from({ length: 100_000 }, (_, number) =>
    number % 25_000 === 24_999 ? `needle ${number}` : `line ${number}`,
  )
  const id = await said(lines, gate.path)
  const page = await home.open(`/jobs/${id}?tab=logs`)
  await until(async () => (await home.hw.get(id)).log_lines).toBe(100_000)
  await sees(log(page), 'needle 99999')

  await page.goto(`${home.server.url}/jobs/${id}?tab=logs&L=31337`)
  await sees(line(page, 31_337), 'line 31336')
  await page.getByRole('searchbox', { name: 'Search the log' }).fill('needle')
  await until(() => page.getByRole('region', { name: 'Log' }).innerText()).toMatch(/^4 lines/)
  await page.keyboard.press('Enter')
  await sees(log(page), /needle/)

  await page.goto(`${home.server.url}/jobs/${id}?tab=logs`)
  await sees(log(page), 'needle 99999')
  await gate.pass()
  await sees(log(page), 'the last word')
  expect(await log(page).locator('[data-n]').count()).toBeLessThan(300)
})
