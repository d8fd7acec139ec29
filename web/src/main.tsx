/** Starts the dashboard: one client, one router, one cache for what comes by REST. */

import { HeadwayProvider } from '@headway/client/react'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { href } from './app/address.ts'
import { headway } from './app/headway.ts'
import { Router } from './app/router.tsx'
import { dress } from './app/settings.ts'
import { Shell } from './app/shell.tsx'
import './styles.css'

dress()
reloadWhenReplaced()
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

/** A part that is gone: the server was upgraded under this page. Load the new one, once. */
function reloadWhenReplaced(): void {
  const KEY = 'headway.reloaded'
  addEventListener('vite:preloadError', event => {
    const last = Number(sessionStorage.getItem(KEY) ?? 0)
    if (Date.now() - last < 10_000) return
    event.preventDefault()
    sessionStorage.setItem(KEY, String(Date.now()))
    location.reload()
  })
}

/** `#/job/ID` was the address of a job on the page before this one. */
function followOldBookmark(): void {
  const id = /^#\/job\/(.+)$/.exec(location.hash)?.[1]
  if (id) history.replaceState(null, '', href(`jobs/${id}`))
}
