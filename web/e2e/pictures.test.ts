import { expect, it } from 'vitest'
import { house, sees, until } from './house.ts'

const home = house()
const widthOf = (node: Element): number => (node as HTMLImageElement).naturalWidth

it('a job is seen at work, and what it leaves is looked at large', async () => {
  const gate = await home.gate()
  const job = await home.hw.submit('paint', { gate: gate.path, frames: 3 })
  const page = await home.open(`/jobs/${job.id}`)
  const live = page.getByRole('region', { name: 'Live picture' })

  await until(() => live.getByRole('img', { name: 'frame 1 of 3' }).evaluate(widthOf)).toBe(320)
  const before = await live.getByRole('img').boundingBox()
  await gate.pass()
  await until(() => live.getByRole('img', { name: 'frame 2 of 3' }).evaluate(widthOf)).toBe(640)
  expect(await live.getByRole('img').boundingBox()).toEqual(before)
  const late = await home.open(`/jobs/${job.id}`)
  await late.getByRole('img', { name: 'frame 2 of 3' }).waitFor()

  await gate.pass(2)
  await live.waitFor({ state: 'detached' })
  await sees(page, '3 pictures')
  await page.getByRole('button', { name: 'Open frames/frame_2.png' }).click()
  const large = page.getByRole('dialog')
  await until(() => large.getByRole('img', { name: 'frames/frame_2.png' }).evaluate(widthOf)).toBe(128)
  await sees(large, /2 of 3 · 128 × 64 · image\/png/)
  await page.keyboard.press('ArrowRight')
  await large.getByRole('img', { name: 'frames/frame_3.png' }).waitFor()
  await page.keyboard.press('ArrowRight')
  await large.getByRole('img', { name: 'frames/frame_1.png' }).waitFor()
  await page.keyboard.press('Escape')
  await large.waitFor({ state: 'detached' })
})

it('a workflow is loaded from a file, and one that ComfyUI can not run is refused at once', async () => {
  const page = await home.open('/new?kind=render')
  const choose = (name: string, content: string): Promise<void> =>
    page
      .getByLabel('File for workflow')
      .setInputFiles({ name, mimeType: 'application/json', buffer: Buffer.from(content) })

  await choose('flux.json', '{"nodes": [], "links": []}')
  await sees(page, /flux\.json is a workflow as the editor saves it.*Export \(API\)/)
  await choose('flux_api.json', '{"4": {"class_type": "EmptyImage", "inputs": {}}}')
  await sees(page, 'From flux_api.json.')
  await page.getByRole('button', { name: 'Run', exact: true }).click()

  await page.waitForURL(/\/jobs\/[0-9A-Z]{26}$/)
  await sees(page, 'completed')
})
