import { expect, it } from 'vitest'
import { house, pillSays, row, sees, share, until } from './house.ts'

const home = house()

it('a job is made from the form, moves on its page, and ends', async () => {
  const gate = await home.gate()
  const page = await home.open('/new')
  await page.getByLabel('Kind').selectOption('copy')
  await page.getByLabel('gate').fill(gate.path)
  await page.getByLabel('items').fill('4')

  await page.getByRole('button', { name: 'Run', exact: true }).click()

  await page.waitForURL(/\/jobs\/[0-9A-Z]{26}$/)
  await sees(share(page), '25 %')
  await gate.pass(2)
  await sees(share(page), '62 %')
  await sees(page, /2 of 4 items/)
  await gate.pass(2)
  await sees(share(page), '100 %')
  await sees(page, 'completed')
})

it('whoever comes in the middle, again or a second time, sees the same', async () => {
  const gate = await home.gate()
  const job = await home.hw.submit('copy', { gate: gate.path })
  await gate.pass(1)
  const first = await home.open(`/jobs/${job.id}`)
  await sees(share(first), '43 %')

  await first.reload()
  const second = await home.open(`/jobs/${job.id}`)

  await sees(share(first), '43 %')
  await sees(share(second), '43 %')
  await gate.pass(3)
  await Promise.all([first, second].map(page => sees(share(page), '100 %')))
})

it('a cancel is asked for with a reason, is said to be under way, and leaves a receipt', async () => {
  const gate = await home.gate()
  const job = await home.hw.submit('hold', { gate: gate.path })
  const page = await home.open(`/jobs/${job.id}`)
  await page.getByRole('button', { name: 'Cancel', exact: true }).click()
  await page.getByLabel('Reason').fill('not needed')

  await page.getByRole('button', { name: 'Cancel the job' }).click()

  await sees(page, 'cancelling…')
  await sees(page, 'Receipt of the cancel')
  await sees(page, /“not needed”/)
  await page.locator('[data-step="now"]').waitFor()
  await gate.pass()
  await sees(page, 'It was cancelled.')
  expect(await page.locator('[data-step="done"]').count()).toBe(5)
  expect(await page.getByText('cancelling…').count()).toBe(0)
})

it('a job that failed says why, and runs again as another that knows it', async () => {
  const job = await home.hw.submit('refuse', { message: 'the disk is <b>full</b>' })
  const page = await home.open(`/jobs/${job.id}`)
  await sees(page, 'ValueError: the disk is <b>full</b>')

  await page.getByRole('button', { name: 'Retry' }).click()

  await page.waitForURL(url => !url.href.includes(job.id))
  await sees(page, 'Retry of')
  await sees(page, 'failed')
  await page.getByRole('link', { name: new RegExp(job.id.slice(-6)) }).click()
  await sees(page, 'Retried by')
})

it('a job is edited and run again, and numbers beyond 2^53 stay as they are', async () => {
  const job = await home.hw.submit('add', { a: 2n ** 64n, b: 1 })
  await job.result()
  const page = await home.open(`/jobs/${job.id}?tab=data`)
  await sees(page, '18446744073709551617')
  await page.getByRole('button', { name: 'More actions' }).click()
  await page.getByRole('menuitem', { name: 'Edit and run again' }).click()
  expect(await page.getByLabel(/^a\b/).inputValue()).toBe('18446744073709551616')

  await page.getByLabel(/^b\b/).fill('9007199254740993')
  await page.getByRole('button', { name: 'Run', exact: true }).click()

  await page.waitForURL(url => /\/jobs\/\w{26}$/.test(url.pathname) && !url.href.includes(job.id))
  await page.getByRole('tab', { name: 'Input & output' }).click()
  await sees(page, '18455751272964292609')
})

it('an answer that a job asks for is given on its page', async () => {
  const job = await home.hw.submit('greet', { name: 'Ada' })
  const page = await home.open(`/jobs/${job.id}`)
  await sees(page, 'How shall I greet?')

  await page.getByLabel('word').fill('Good morning')
  await page.getByRole('button', { name: 'Answer' }).click()

  await sees(page, 'Good morning, Ada')
})

it('files of a job are shown: a picture as a picture, a text as characters', async () => {
  const job = await home.hw.submit('draw')
  await job.result()

  const page = await home.open(`/jobs/${job.id}?tab=files`)

  const picture = page.getByRole('img', { name: 'picture.png' })
  await until(() => picture.evaluate(node => (node as HTMLImageElement).naturalWidth)).toBe(1)
  await page.getByRole('button', { name: 'Show note.txt' }).click()
  await sees(page, '<b>not bold</b>')
})

it('a job that waits says for what, and no longer once that is over', async () => {
  await home.hw.queues.change('later', { paused: true, reason: 'until the disk is there' })
  const job = await home.hw.submit('add', { a: 1 }, { queue: 'later' })
  const page = await home.open(`/jobs/${job.id}`)
  await sees(page, 'Why is it not running?')
  await sees(page, /until the disk is there/)

  await home.hw.queues.change('later', { paused: false })

  await sees(page, 'completed')
  await page.getByText('Why is it not running?').waitFor({ state: 'detached' })
})

it('a page that nobody looked at has caught up when somebody does', async () => {
  const gate = await home.gate()
  const context = await home.context()
  const job = await home.hw.submit('copy', { gate: gate.path })
  const page = await home.open(`/jobs/${job.id}`, { context })
  await sees(share(page), '25 %')
  await home.open('/system', { context }) // in front of it
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: true, configurable: true })
    document.dispatchEvent(new Event('visibilitychange'))
  })

  await gate.pass(4)
  await job.result()

  await until(() => page.title()).toMatch(/completed/)
  await page.bringToFront()
  await page.evaluate(() => {
    Reflect.deleteProperty(document, 'hidden')
    document.dispatchEvent(new Event('visibilitychange'))
  })
  await sees(share(page), '100 %')
})

it('a view that is saved in one tab stands in the other, and is gone from both', async () => {
  const [one, other] = [await home.open('/jobs?q=kind:add'), await home.open('/jobs')]
  await pillSays(other, 'Live')
  await one.getByRole('button', { name: 'Save view' }).click()
  await one.getByLabel('Name').fill('Sums')
  await one.getByRole('button', { name: 'Save', exact: true }).click()

  await other.getByRole('link', { name: 'Sums' }).click()

  await other.waitForURL(/q=kind%3Aadd/)
  await other.getByRole('button', { name: 'Change the view Sums' }).click()
  await other.getByRole('menuitem', { name: 'Delete…' }).click()
  await other.getByRole('button', { name: 'Delete', exact: true }).click()
  await one.getByRole('link', { name: 'Sums' }).waitFor({ state: 'detached' })
})

it('a list shows a job as soon as it is made, and each step of it', async () => {
  const gate = await home.gate()
  const page = await home.open('/jobs?q=label.of:list')
  await sees(page, 'No job matches')

  const job = await home.hw.submit('copy', { gate: gate.path }, { labels: { of: 'list' } })

  await sees(row(page, job.id), 'running')
  await sees(row(page, job.id), '25 %')
  await gate.pass(4)
  await sees(row(page, job.id), 'completed')
  await sees(page, /^1 job$/)
})
