import type { Page } from 'playwright-core'
import { beforeAll, expect, it } from 'vitest'
import { type Gate, house, PHONE, pillSays, sees, WIDE } from './house.ts'
import { beside, bringAxe, dressed, findings, RULES } from './looking.ts'

// Every page and dialog, in both themes, on a large screen and on a phone: nothing for axe to find, nothing beside the screen.
const CONTRAST = { runOnly: ['color-contrast', 'link-in-text-block'] }
/** Each page is loaded once and dressed in turn; another theme is but other colours. */
const LOOKS = [
  ['light', 'wide', WIDE, RULES],
  ['dark', 'wide', WIDE, CONTRAST],
  ['dark', 'phone', PHONE, RULES],
  ['light', 'phone', PHONE, CONTRAST],
] as const

const home = house()
let gate: Gate
const ids: Record<string, string> = {}

beforeAll(async () => {
  const { hw } = home
  gate = await home.gate()
  await hw.queues.change('later', { paused: true, reason: 'because '.repeat(30) })
  await hw.saved.put('views', 'A view with a name that is as long as somebody could wish it to be', {
    q: 'kind:add',
    pinned: true,
  })
  const ended = [await hw.submit('refuse', { message: 'no '.repeat(200) }), await hw.submit('draw')]
  await Promise.allSettled(ended.map(job => job.result()))
  const labels = { team: 'search', ['l'.repeat(60)]: 'v'.repeat(120) }
  const long = { text: 'x'.repeat(5_000), 'a key': { deep: { deeper: [1, 2, 3] } } }
  const waiting = await hw.submit('k'.repeat(100), long, { queue: 'later', labels })
  const running = await hw.submit('copy', { gate: gate.path }, { labels, priority: 1_000_000 })
  const asking = await hw.submit('greet', { name: 'Ada' })
  const painting = await hw.submit('paint', { gate: (await home.gate()).path })
  const cancelling = await hw.submit('hold', { gate: gate.path })
  await cancelling.cancel('w'.repeat(300))
  Object.assign(ids, { failed: ended[0]?.id, drawn: ended[1]?.id })
  Object.assign(ids, {
    waiting: waiting.id,
    running: running.id,
    asking: asking.id,
    cancelling: cancelling.id,
    painting: painting.id,
  })
})

const heading = (page: Page) => page.getByRole('heading', { level: 1 }).waitFor()
const tab = (name: string) => (page: Page) => page.getByRole('tab', { name, selected: true }).waitFor()
const click = (name: string | RegExp) => (page: Page) =>
  page.getByRole('button', { name }).filter({ visible: true }).first().click()

async function pressed(page: Page, key: string, title: string): Promise<void> {
  await heading(page)
  await page.keyboard.press(key)
  await page.getByRole('dialog', { name: title }).waitFor()
}

const PAGES: readonly (readonly [
  name: string,
  path: () => string,
  ready: (page: Page) => Promise<unknown>,
])[] = [
  ['jobs', () => '/jobs', page => page.locator('[data-id]').nth(3).waitFor()],
  ['no match', () => '/jobs?q=kind:nothing', page => sees(page, 'No job matches')],
  ['a bad filter', () => '/jobs?q=colour:red', page => page.getByRole('alert').first().waitFor()],
  ['selected', () => '/jobs', page => page.locator('[data-id]').first().getByRole('checkbox').check()],
  ['running', () => `/jobs/${ids.running}`, page => sees(page, 'write')],
  ['failed', () => `/jobs/${ids.failed}`, page => sees(page, 'ValueError')],
  ['asking', () => `/jobs/${ids.asking}`, page => sees(page, 'How shall I greet?')],
  ['cancelling', () => `/jobs/${ids.cancelling}`, page => sees(page, 'Receipt of the cancel')],
  ['waiting', () => `/jobs/${ids.waiting}`, page => sees(page, 'Why is it not running?')],
  ['gone', () => '/jobs/01ARZ3NDEKTSV4RRFFQ69G5FAV', heading],
  ['nowhere', () => '/nowhere', heading],
  ['log', () => `/jobs/${ids.running}?tab=logs`, page => page.locator('[data-n]').first().waitFor()],
  ['events', () => `/jobs/${ids.failed}?tab=events`, tab('Events')],
  ['data', () => `/jobs/${ids.waiting}?tab=data`, tab('Input & output')],
  [
    'files',
    () => `/jobs/${ids.drawn}?tab=files`,
    page => page.getByRole('img', { name: 'picture.png' }).waitFor(),
  ],
  [
    'live picture',
    () => `/jobs/${ids.painting}`,
    page => page.getByRole('img', { name: 'frame 1 of 3' }).waitFor(),
  ],
  ['large picture', () => `/jobs/${ids.drawn}?tab=files`, click('Open picture.png')],
  ['resources', () => `/jobs/${ids.running}?tab=resources`, tab('Resources')],
  [
    'machines',
    () => '/machines',
    page => page.getByRole('button', { expanded: false }).filter({ visible: true }).first().click(),
  ],
  ['queues', () => '/queues', page => sees(page, /because because/)],
  ['kinds', () => '/kinds?show=copy', page => sees(page, /Copies items/)],
  ['mcp', () => '/mcp', page => sees(page, 'No MCP server is known yet')],
  ['new', () => '/new?kind=copy', click(/^Run$/)],
  ['new from a file', () => '/new?kind=render', click(/^Run$/)],
  ['system', () => '/system', page => sees(page, 'leads')],
  ['palette', () => '/jobs', page => pressed(page, 'Control+k', 'Command palette')],
  ['keys', () => '/jobs', page => pressed(page, '?', 'Keyboard')],
  ['settings', () => '/jobs', page => pressed(page, ',', 'Settings')],
  ['cancel', () => `/jobs/${ids.running}`, click('Cancel')],
  ['pause', () => '/queues', click('Pause')],
  ['announce', () => '/system', click('Announce')],
  ['save view', () => '/jobs?q=kind:draw', click('Save view')],
]

it.each(PAGES)(
  'nothing is wrong with %s, in the light and the dark, wide and on a phone',
  async (_, path, ready) => {
    const page = await home.open(path())
    await pillSays(page, 'Live')
    await ready(page)
    await bringAxe(page)
    const found: string[] = []

    for (const [theme, name, size, rules] of LOOKS) {
      await dressed(page, theme, size)
      const wide = await beside(page)
      const lines = [
        ...(await findings(page, rules)),
        ...(wide > 0 ? [`${wide} pixels beside the screen`] : []),
      ]
      found.push(...lines.map(line => `${theme} ${name}: ${line}`))
    }

    expect(found).toEqual([])
  },
)
