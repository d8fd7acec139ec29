import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { CUT, house, pillSays, sees, until } from './house.ts'

const TOKEN = 'correct horse battery staple'
const home = house({ args: [], env: { HEADWAY_TOKEN: TOKEN } })
const BIN = join(import.meta.dirname, '../../.venv/bin')

it('a server that wants a token asks for it, and goes on; the first page shows a command that works', async () => {
  const context = await home.context()
  const page = await home.open('/', { context, tolerates: CUT })
  const field = page.locator('input[type="password"]')
  await field.fill('wrong')
  await page.getByRole('button', { name: 'Go on' }).click()
  await until(() => field.inputValue()).toBe('')
  await field.fill(TOKEN)

  await page.getByRole('button', { name: 'Go on' }).click()

  await pillSays(page, 'Live')
  await sees(page, 'No jobs yet')
  const command = await page.getByRole('region', { name: 'Any command' }).innerText()
  expect(command).toContain(`--server ${home.server.url}`)
  const path = `${BIN}:${process.env.PATH}`
  const short = command.replace('sleep 0.5', 'sleep 0.01') // what is waited for is the same
  const env = { ...process.env, PATH: path, HEADWAY_TOKEN: TOKEN }
  const ended = promisify(execFile)('sh', ['-c', short], { env, cwd: dirname(home.folder) })
  await until(() => page.locator('[data-id]').count()).toBe(1)
  await ended
  await sees(page.locator('[data-id]'), 'completed')
  await page.reload()
  await sees(page.locator('[data-id]'), 'completed')
})
