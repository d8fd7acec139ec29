/** Starts the dashboard: one client, one router, one cache for what comes by REST. */

import { HeadwayProvider } from '@headway/client/react'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { href } from './app/address.ts'
import { headway } from './app/headway.ts'
import { reloadWhenReplaced } from './app/patient.ts'
import { Router } from './app/router.tsx'
import { dress } from './app/settings.ts'
import { Shell } from './app/shell.tsx'
import './styles.css'

dress()
addEventListener('vite:preloadError', () => void reloadWhenReplaced(answers, () => location.reload()))
followOldBookmark()
const place = document.getElementById('root')
if (!place) throw new Error('index.html has no #root')
createRoot(place).render(
  <StrictMode>
    <HeadwayProvider client={headway}>
      <Router>
        <Shell />
      </Router>
    </HeadwayProvider>
  </StrictMode>,
)

async function answers(): Promise<boolean> {
  const page = await fetch(href(''), { cache: 'no-store' }).catch(() => undefined)
  return page?.ok === true
}

/** `#/job/ID` was the address of a job on the page before this one; `#L120-L140` is how people write lines of a log. */
function followOldBookmark(): void {
  const id = /^#\/job\/(.+)$/.exec(location.hash)?.[1]
  const [, from, to] = /^#L(\d+)(?:-L?(\d+))?$/.exec(location.hash) ?? []
  if (id) history.replaceState(null, '', href(`jobs/${id}`))
  else if (from)
    history.replaceState(null, '', `${location.pathname}?tab=logs&L=${from}${to ? `-${to}` : ''}`)
}
