import { afterAll, beforeAll, expect, it } from 'vitest'
import { house, JOBS, pillSays, row, sees } from './house.ts'
import { proxied, type ReverseProxy } from './proxy.ts'

const home = house({ app: JOBS, args: ['--base-path', '/kept'] })
let kept: ReverseProxy
let stripped: ReverseProxy

beforeAll(async () => {
  kept = await proxied(home.server.url, { prefix: '/kept' })
  stripped = await proxied(home.server.url, { prefix: '/deep/down', strips: true })
})
afterAll(() => Promise.all([kept?.stop(), stripped?.stop()]))

it.each([
  ['leaves it on', () => kept, '/kept'],
  ['takes it off', () => stripped, '/deep/down'],
])(
  'below a path that the proxy %s: from a deep link, by reload, from page to page',
  async (_, proxyOf, prefix) => {
    const proxy = proxyOf()
    const job = await home.hw.submit('add', { a: 1 })
    await job.result()
    const page = await home.open(`${prefix}/jobs/${job.id}?tab=data`, { at: proxy.url })
    await sees(page, 'completed')

    await page.reload()

    await sees(page, 'completed')
    await pillSays(page, 'Live')
    for (const name of ['Machines', 'Queues', 'Kinds', 'System', 'Jobs']) {
      await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name }).click()
      await page.getByRole('heading', { name, level: 1 }).waitFor()
      expect(new URL(page.url()).pathname).toBe(`${prefix}/${name.toLowerCase()}`)
    }
    await row(page, job.id).getByRole('link').click()
    await page.waitForURL(`${proxy.url}${prefix}/jobs/${job.id}`)
    expect(proxy.asked.filter(path => !path.startsWith(prefix))).toEqual([])
  },
)

it('its own address without the last slash leads to it', async () => {
  const page = await home.open('/deep/down', { at: stripped.url })

  await page.getByRole('heading', { name: 'Jobs', level: 1 }).waitFor()
  await pillSays(page, 'Live')
  await page.getByRole('link', { name: 'Queues' }).click()
  await page.waitForURL(`${stripped.url}/deep/down/queues`)
})
