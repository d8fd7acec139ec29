// What a page does with its frames: opens it in Chromium, watches for some seconds, prints one JSON object.
// Asked by p12_dashboard.py: {url, chromium, seconds, slow?, scroll?, heapEvery?}. Times are milliseconds.

import { createRequire } from 'node:module'

const require = createRequire(new URL('../web/package.json', import.meta.url))
const { chromium } = require('playwright-core')

const asked = JSON.parse(process.argv[2])
const browser = await chromium.launch({ executablePath: asked.chromium, args: ['--no-sandbox', '--disable-gpu', '--js-flags=--expose-gc'] })
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
await page.goto(asked.url)
await page.waitForSelector('[data-connection="live"]')
await page.waitForTimeout(2_000)
const devtools = await page.context().newCDPSession(page)
await devtools.send('Performance.enable')
if (asked.slow) await devtools.send('Emulation.setCPUThrottlingRate', { rate: asked.slow })

/** Seconds that the main thread worked so far, and the heap in use. */
async function metrics() {
  const { metrics } = await devtools.send('Performance.getMetrics')
  return Object.fromEntries(metrics.map(({ name, value }) => [name, value]))
}

async function heapMb() {
  await devtools.send('HeapProfiler.collectGarbage')
  return Math.round(((await metrics()).JSHeapUsedSize / 1_048_576) * 10) / 10
}

const heaps = []
if (asked.heapEvery) heaps.push(await heapMb())
const before = await metrics()
const watching = page.evaluate(
  ({ seconds, scroll }) =>
    new Promise(resolve => {
      const gaps = []
      let longTasks = 0
      new PerformanceObserver(list => {
        longTasks += list.getEntries().length
      }).observe({ type: 'longtask' })
      const box = scroll ? [...document.querySelectorAll('*')].find(each => each.scrollHeight > each.clientHeight * 4 && each.clientHeight > 200) : undefined
      const began = performance.now()
      let last = began
      function frame(now) {
        gaps.push(now - last)
        last = now
        if (box) box.scrollTop = Math.abs(Math.sin((now - began) / 4_000)) * Math.min(box.scrollHeight, 20_000)
        if (now - began < seconds * 1_000) requestAnimationFrame(frame)
        else resolve({ gaps: gaps.slice(1), longTasks, scrolled: box !== undefined })
      }
      requestAnimationFrame(frame)
    }),
  asked,
)
let over = false
const done = watching.then(found => {
  over = true
  return found
})
while (asked.heapEvery && !over) {
  await Promise.race([done, new Promise(resolve => setTimeout(resolve, asked.heapEvery * 1_000))])
  if (!over) heaps.push(await heapMb())
}
const { gaps, longTasks, scrolled } = await done
const after = await metrics()
const sorted = gaps.toSorted((one, other) => one - other)
const at = percent => sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))]
const passed = gaps.reduce((sum, gap) => sum + gap, 0)
if (asked.scroll && !scrolled) throw new Error('there is nothing to scroll')
console.log(
  JSON.stringify({
    frames: gaps.length,
    fps: (gaps.length / passed) * 1_000,
    p50: at(50),
    p95: at(95),
    p99: at(99),
    busy: (after.TaskDuration - before.TaskDuration) / (after.Timestamp - before.Timestamp),
    longTasks,
    heapMb: await heapMb(),
    heaps,
  }),
)
await browser.close()
