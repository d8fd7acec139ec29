/**
 * The one Chromium of a run, started before the first file and ended after the last; files connect to it by its address.
 *
 * HEADWAY_CHROMIUM, else a Chromium on PATH. Must never know pages. Called by vitest (globalSetup) and by the camera.
 */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type BrowserServer, chromium } from 'playwright-core'
import type { TestProject } from 'vitest/node'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--font-render-hinting=none']

declare module 'vitest' {
  interface ProvidedContext {
    browser: string
  }
}

/** The program that is the browser. Throws with what to do where there is none. */
export function program(): string {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const found =
    process.env.HEADWAY_CHROMIUM ??
    NAMES.flatMap(name => folders.map(folder => join(folder, name))).find(isProgram)
  if (!found) throw new Error('There is no Chromium on PATH. Install one, or name it in HEADWAY_CHROMIUM.')
  return found
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

export function launched(): Promise<BrowserServer> {
  return chromium.launchServer({ executablePath: program(), args: ARGS })
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await launched()
  project.provide('browser', server.wsEndpoint())
  return () => server.close()
}
