/** The one client of this page, and the token it asks with. */

import { createHeadway } from '@headway/client'
import { serverUrl } from './address.ts'

const KEY = 'headway.token'
let asked: ((wasWrong: boolean) => Promise<string>) | undefined

/** Who asks a person for a token, '' for none; `wasWrong`: the one before was refused. The shell sets it once. */
export function askForTokenWith(ask: (wasWrong: boolean) => Promise<string>): void {
  asked = ask
}

export function keepToken(token: string): void {
  sessionStorage.setItem(KEY, token)
}

async function token(refused: boolean): Promise<string | undefined> {
  const kept = sessionStorage.getItem(KEY) ?? undefined
  if (!refused) return kept
  for (let wasWrong = false; ; wasWrong = true) {
    const given = await asked?.(wasWrong)
    if (!given) return kept
    if (!(await isTaken(given))) continue
    keepToken(given)
    return given
  }
}

/** Tried before it is used: a link that was refused twice is not tried again by itself. */
async function isTaken(given: string): Promise<boolean> {
  const headers = { authorization: `Bearer ${given}` }
  const answer = await fetch(`${serverUrl}/api/v1/kinds`, { headers }).catch(() => undefined)
  return answer?.status !== 401
}

export const headway = createHeadway({ url: serverUrl, token, transport: 'auto' })
