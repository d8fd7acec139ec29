/** The cache of what is asked by REST and not live; around the pages and dialogs that ask. Loaded with the first of them. */

import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import type { ReactNode } from 'react'

// What is live comes from the stream; the rest is asked when it is looked at, and again when its job has moved.
const queries = new QueryClient({
  defaultOptions: { queries: { staleTime: 5_000, retry: 1, refetchOnWindowFocus: false } },
})

export function Asking({ children }: { children: ReactNode }) {
  return <QueryClientProvider client={queries}>{children}</QueryClientProvider>
}
