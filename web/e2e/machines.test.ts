import type { Locator, Page } from 'playwright-core'
import { afterEach, expect, it } from 'vitest'
import { freePort } from '../../clients/typescript/test/server.ts'
import { type Begun, comfyWorker, fakeComfy, workflow } from './engine.ts'
import { CUT, house, PHONE, pillSays, sees, until, WIDE } from './house.ts'
import { beside, bringAxe, dressed, findings, RULES } from './looking.ts'
import { RawWorker, type Told } from './rawworker.ts'

// Machines, workers, services: what a worker tells is on the page, at once, whoever came first.
const GB = 1 << 30
const home = house({ args: [] })
const workers: RawWorker[] = []
const begun: Begun[] = []

afterEach(async () => {
  for (const worker of workers.splice(0)) worker.close()
  await Promise.all(begun.splice(0).map(each => each.end()))
})

async function worker(id: string, ...services: readonly Told[]): Promise<RawWorker> {
  const made = await RawWorker.hello(home.server, id, services)
  workers.push(made)
  return made
}

function engine(name: string, status: string, rest: object = {}): Told {
  return { name, type: 'comfyui', status, url: `http://${name}`, version: '0.3.64', age_s: 0.2, ...rest }
}

const load = {
  queue_running: 1,
  queue_pending: 3,
  others: 2,
  vram_total: 24 * GB,
  vram_free: 6 * GB,
  device: 'cuda:0 NVIDIA RTX 4090 : cudaMallocAsync',
}

/** The row of a service. */
const service = (page: Page, id: string): Locator => page.locator(`[data-service="${id}"]`)
const status = (page: Page, id: string) => service(page, id).getAttribute('data-status')

it('a service is there from its first “starting” on, and each state has its word, its reason and its figures', async () => {
  const page = await home.open('/machines')
  await sees(page, 'headway worker --connector comfyui=http://127.0.0.1:8188')
  const gpu = await worker('states/1', engine('10.0.0.1:8188', 'starting'))
  const row = service(page, 'states/1/10.0.0.1:8188')
  await sees(row, 'starting')

  gpu.tell(engine('10.0.0.1:8188', 'busy', { reason: '2 prompts of others', load }))
  await sees(row, 'busy')
  await sees(row, '2 prompts of others')
  await sees(row, 'NVIDIA RTX 4090')
  await sees(row, '1 running, 3 waiting')
  await sees(row, '2 of others')
  const meter = row.getByRole('meter', { name: 'VRAM of 10.0.0.1:8188' })
  expect(await meter.getAttribute('aria-valuetext')).toBe('18.0 of 24.0 GB')
  expect(await row.getByRole('link').getAttribute('href')).toBe('http://10.0.0.1:8188')

  gpu.tell(engine('10.0.0.1:8188', 'error', { error: 'KSampler: out of memory\nwanted 3 GB more' }))
  await sees(row, 'error')
  await sees(row, /out of memory\s+wanted 3 GB more/)
  gpu.tell(engine('10.0.0.1:8188', 'unreachable', { reason: 'connection refused', age_s: 40, load }))
  await sees(row, 'unreachable')
  await sees(row, 'was 18.0 of 24.0 GB')
  gpu.tell(
    engine('10.0.0.1:8188', 'idle', { load: { ...load, queue_running: 0, queue_pending: 0, others: 0 } }),
  )
  await sees(row, 'idle')
  await sees(row, 'queue empty')
  expect(await row.getByText('connection refused').count()).toBe(0)
})

it('the age of the last sign of life is the server’s, and one that is too old is no news', async () => {
  const page = await home.open('/machines')

  await worker('ages/1', engine('h:1', 'idle'), engine('h:2', 'idle', { age_s: 40 }))

  await sees(service(page, 'ages/1/h:2'), /heard \d+ s ago/)
  await until(() => service(page, 'ages/1/h:2').locator('[data-silent="true"]').count()).toBe(1)
  expect(await service(page, 'ages/1/h:1').locator('[data-silent="false"]').count()).toBe(1)
})

it('whoever comes later sees the same, and a service that its worker names no more is left out', async () => {
  const early = await home.open('/machines')
  await pillSays(early, 'Live')
  const gpu = await worker(
    'same/1',
    engine('a:1', 'idle'),
    engine('a:2', 'error', { error: 'node 3 failed' }),
  )
  await sees(early, 'node 3 failed')
  const late = await home.open('/machines')
  await sees(late, 'node 3 failed')
  const said = (page: Page) => service(page, 'same/1/a:2').innerText()
  const plain = (text: string) => text.replaceAll(/(for|heard) [^\n]*/g, '')
  expect(plain(await said(late))).toBe(plain(await said(early)))

  gpu.tell(engine('a:1', 'idle'))

  for (const page of [early, late]) await until(() => service(page, 'same/1/a:2').count()).toBe(0)
  expect(await status(late, 'same/1/a:1')).toBe('idle')
})

it('many are found by name and by state, in the address; what is folded stays folded; the keys walk', async () => {
  const states = ['idle', 'busy', 'unreachable', 'error']
  for (let number = 1; number <= 8; number += 1)
    await worker(`gpu-${number}/1`, engine('c:1', states[number % 4] ?? 'idle'), engine('c:2', 'idle'))
  const page = await home.open('/machines')
  const shown = () => page.locator('[data-service]').count()
  await until(async () => (await shown()) >= 16).toBe(true)

  await page.getByRole('button', { name: '2 unreachable', exact: true }).click()
  await page.waitForURL(/state=unreachable/)
  await until(shown).toBe(2)
  await page.keyboard.press('/')
  await page.keyboard.type('gpu-2')
  await until(shown).toBe(1)
  await page.waitForURL(/q=gpu-2/)
  await page.reload()
  await until(shown).toBe(1)
  await page.getByRole('searchbox').fill('nothing at all')
  await page.getByRole('button', { name: 'Show all' }).click()
  await until(async () => (await shown()) >= 16).toBe(true)

  const machine = page.getByRole('region', { name: 'Machine gpu-1' })
  await machine.getByRole('button', { name: /gpu-1/ }).first().click()
  await until(() => machine.locator('[data-service]').count()).toBe(0)
  await sees(machine, '1 idle')
  await page.reload()
  await page.getByRole('region', { name: 'Machine gpu-2' }).locator('[data-service]').first().waitFor()
  expect(await machine.locator('[data-service]').count()).toBe(0)
  const focused = () => page.evaluate(() => document.activeElement?.textContent)
  await machine.getByRole('button', { name: /gpu-1/ }).first().focus()
  await page.keyboard.press('j')
  expect(await focused()).toMatch(/^gpu-2/)
  await page.keyboard.press('k')
  expect(await focused()).toMatch(/^gpu-1/)
  await page.keyboard.press('Enter')
  await machine.locator('[data-service]').first().waitFor()
  await page.keyboard.press('j')
  expect(await page.evaluate(() => document.activeElement?.closest('[data-worker]')?.id)).toBe(
    'worker-gpu-1/1',
  )
})

it('a worker that is refused is an alert on every page, with the way to it', async () => {
  const page = await home.open('/jobs')
  await pillSays(page, 'Live')

  const refused = await RawWorker.hello(home.server, 'bad/1', [], { machine: '' })
  await refused.closed

  const notice = page.locator('[data-sort="alert"]')
  await sees(notice, /bad\/1/)
  await sees(page.getByRole('navigation', { name: 'Main' }).first(), 'new alert')
  await notice.getByRole('button', { name: 'Look' }).click()
  await page.waitForURL(/machines\?show=bad%2F1/)
  await sees(page.locator('[data-worker="bad/1"]'), /machine/)
  await page.keyboard.press('g')
  await page.keyboard.press('s')
  await sees(page, /worker bad\/1/)
  await until(() => page.getByText('new alert').count()).toBe(0)
})

it('an announcement is shown on the page that is open', async () => {
  const page = await home.open('/queues')
  await pillSays(page, 'Live')

  await home.hw.admin.announce('Drivers are updated at noon')

  await sees(page.locator('[data-sort="announced"]'), 'Drivers are updated at noon')
})

it('a worker is repaired after it was asked, and drained, with the same as code', async () => {
  const page = await home.open('/machines')
  const gpu = await worker('acted/1', engine('d:1', 'idle'))
  const menu = page.getByRole('button', { name: 'Actions for acted/1' })
  await menu.click()
  await page.getByRole('menuitem', { name: 'Drain' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('As CLI, curl, Python').click()
  await sees(dialog, /headway workers --server \S+ drain acted\/1/)
  await dialog.getByRole('button', { name: 'Drain' }).click()
  await sees(page.locator('[data-worker="acted/1"]'), 'draining')
  await menu.click()
  await page.getByRole('menuitem', { name: 'Repair' }).click()
  await sees(dialog, /says hello again/)

  await dialog.getByRole('button', { name: 'Repair' }).click()

  await gpu.closed
  await sees(page, 'acted/1 is asked to say hello again.')
})

it('cut off, all is grey and ages stand still; back, it is as it is', async () => {
  const context = await home.context()
  const page = await home.open('/machines', { context, tolerates: CUT })
  const gpu = await worker('cut/1', engine('e:1', 'idle'))
  await sees(service(page, 'cut/1/e:1'), 'idle')
  await context.setOffline(true)
  await pillSays(page, /Offline|Reconnecting/)
  const grey = () =>
    service(page, 'cut/1/e:1').evaluate(node => {
      for (let each: Element | null = node; each; each = each.parentElement)
        if (getComputedStyle(each).filter.includes('grayscale(1')) return true
      return false
    })
  await until(grey).toBe(true)

  gpu.tell(engine('e:1', 'busy'))
  await context.setOffline(false)

  await until(() => status(page, 'cut/1/e:1')).toBe('busy')
  await until(grey).toBe(false)
})

it('a real ComfyUI worker: idle, busy with the job and its progress, idle; unreachable once the engine is gone', async () => {
  const port = await freePort()
  const comfy = fakeComfy(port)
  begun.push(comfy, comfyWorker(home.server, 'atlas', [port]))
  const page = await home.open('/machines')
  const id = `atlas/comfy/127.0.0.1:${port}`
  await until(() => status(page, id).catch(() => null)).toBe('idle')

  const job = await home.hw.submit('comfyui.workflow', { workflow: workflow(4) })

  const link = service(page, id).getByRole('link', { name: /comfyui.workflow/ })
  await link.waitFor()
  expect(await link.getAttribute('href')).toContain(job.id)
  const bar = service(page, id).getByRole('progressbar')
  await until(async () => Number(await bar.getAttribute('aria-valuenow'))).toBeGreaterThan(0)
  expect(await status(page, id)).toBe('busy')
  await job.result()
  await until(() => status(page, id)).toBe('idle')
  await comfy.end()
  await until(() => status(page, id)).toBe('unreachable')
  expect(await service(page, id).innerText()).toMatch(/127\.0\.0\.1/)
})

it('axe finds nothing on a full page, in the light and the dark, wide and on a phone', async () => {
  const states = ['starting', 'idle', 'busy', 'error', 'unreachable', 'unknown']
  await worker(
    'axe/1',
    ...states.map((state, place) => engine(`f:${place}`, state, { reason: 'because '.repeat(30), load })),
    engine('n'.repeat(80), 'idle', { url: 'javascript:alert(1)' }),
  )
  for (let number = 1; number <= 4; number += 1) await worker(`axe-${number}/1`, engine('g:1', 'idle'))
  const refused = await RawWorker.hello(home.server, 'axebad/1', [], { machine: '' })
  await refused.closed
  const page = await home.open('/machines?show=axe/1')
  await sees(page, 'Kinds it serves')
  await service(page, 'axe/1/f:5').waitFor()
  await bringAxe(page)
  const found: string[] = []

  for (const theme of ['light', 'dark'] as const) {
    for (const size of [WIDE, PHONE]) {
      await dressed(page, theme, size)
      for (const line of await findings(page, RULES)) found.push(`${theme} ${size.width} ${line}`)
      const over = await beside(page)
      if (over > 0) found.push(`${theme} ${size.width}: ${over} pixels beside the screen`)
    }
  }

  expect(found).toEqual([])
  expect(
    await service(page, `axe/1/${'n'.repeat(80)}`)
      .getByRole('link')
      .count(),
  ).toBe(0)
})
