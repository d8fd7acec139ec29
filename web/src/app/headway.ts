/** The one client of this page, and the token it asks with. */

import { createHeadway } from '@headway/client'
import { serverUrl } from './address.ts'

const KEY = 'headway.token'
let asked: (() => Promise<string>) | undefined

/** Who asks a person for a token; the shell sets it once. */
export function askForTokenWith(ask: () => Promise<string>): void {
  asked = ask
}

export function keepToken(token: string): void {
  sessionStorage.setItem(KEY, token)
}

async function token(refused: boolean): Promise<string | undefined> {
  const kept = sessionStorage.getItem(KEY) ?? undefined
  if (!refused) return kept
  const given = await asked?.()
  if (given) keepToken(given)
  return given || kept
}

export const headway = createHeadway({ url: serverUrl, token, transport: 'auto' })
