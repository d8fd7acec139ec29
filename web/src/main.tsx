/** Starts the dashboard: one client, one router, one cache for what comes by REST. */

import { HeadwayProvider } from '@headway/client/react'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { headway } from './app/headway.ts'
import { router } from './app/router.tsx'
import { dress } from './app/settings.ts'
import './styles.css'

dress()
// What is live comes from the stream; the rest is asked when it is looked at, and again when its job has moved.
const queries = new QueryClient({
  defaultOptions: { queries: { staleTime: 5_000, retry: 1, refetchOnWindowFocus: false } },
})
const place = document.getElementById('root')
if (!place) throw new Error('index.html has no #root')
createRoot(place).render(
  <StrictMode>
    <HeadwayProvider client={headway}>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </HeadwayProvider>
  </StrictMode>,
)
