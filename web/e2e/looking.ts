/**
 * What axe says of a page, and the page as it is looked at: in a theme, at a size.
 *
 * Used by the tests that look at pages with it. Must never know which pages there are.
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import type { WIDE } from './house.ts'

export const RULES = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }

/** Bring axe into the page: by the debugger, for the page's own policy allows no script of ours. */
export async function bringAxe(page: Page): Promise<void> {
  source ??= await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  await page.evaluate(source)
}

let source: string | undefined

/**
 * What axe finds, and finds again half a second later: a live page may be caught between two states, and Chromium was
 * seen to say the other theme's colour of a single element, under load, at the moment of the change.
 */
export async function findings(page: Page, rules: object): Promise<readonly string[]> {
  const first = await look(page, rules)
  if (first.length === 0) return first
  await page.waitForTimeout(500)
  const again = new Set(await look(page, rules))
  return first.filter(line => again.has(line))
}

/** As lines: rule, how bad, where. */
async function look(page: Page, rules: object): Promise<readonly string[]> {
  const options = JSON.stringify({ ...rules, resultTypes: ['violations'] })
  const { violations }: AxeResults = await page.evaluate(`axe.run(document, ${options})`)
  return violations.flatMap(({ id, impact, nodes }) =>
    nodes.map(
      ({ target, failureSummary = '' }) =>
        `${id} (${impact}): ${target.join(' ')} | ${failureSummary.replaceAll('\n', ' ')}`,
    ),
  )
}

/** Pixels that one would have to scroll sideways. */
export function beside(page: Page): Promise<number> {
  return page.evaluate(() => {
    const main = document.getElementById('main')
    const over = (node: Element) => node.scrollWidth - node.clientWidth
    return Math.max(over(document.documentElement), main ? over(main) : 0)
  })
}

export async function dressed(page: Page, theme: 'light' | 'dark', size: typeof WIDE): Promise<void> {
  await page.emulateMedia({ colorScheme: theme })
  await page.setViewportSize(size)
  await page.waitForFunction(wanted => document.documentElement.dataset.theme === wanted, theme)
  await page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))))
}
