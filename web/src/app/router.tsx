/** The addresses of the dashboard. Search parameters are the state of a page: whoever has the link sees the same. */

import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router'
import { place } from './address.ts'
import { Shell } from './shell.tsx'

export interface JobsSearch {
  readonly q?: string | undefined
  readonly sort?: string | undefined
}
export interface JobSearch {
  readonly tab?: string | undefined
  readonly attempt?: number | undefined
  /** Log lines: `120` or `120-140`. */
  readonly L?: string | undefined
  readonly find?: string | undefined
  readonly at?: number | undefined
}
export interface NewSearch {
  readonly kind?: string | undefined
  readonly from?: string | undefined
  readonly template?: string | undefined
}
export interface OneSearch {
  readonly show?: string | undefined
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== ''
    ? value
    : typeof value === 'number'
      ? String(value)
      : undefined
}
function whole(value: unknown): number | undefined {
  const number = Number(value)
  return value !== undefined && Number.isInteger(number) ? number : undefined
}

const root = createRootRoute({ component: Shell })
const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/jobs', replace: true })
  },
})
const jobs = createRoute({
  getParentRoute: () => root,
  path: '/jobs',
  validateSearch: (search: Record<string, unknown>): JobsSearch => ({
    q: text(search.q),
    sort: text(search.sort),
  }),
  component: lazyRouteComponent(() => import('../pages/jobs/page.tsx'), 'JobsPage'),
})
/** Pages that ask by REST beside what is live. */
const asking = createRoute({
  getParentRoute: () => root,
  id: 'asking',
  component: lazyRouteComponent(() => import('./asking.tsx'), 'Asking'),
})
const job = createRoute({
  getParentRoute: () => asking,
  path: '/jobs/$id',
  validateSearch: (search: Record<string, unknown>): JobSearch => ({
    tab: text(search.tab),
    attempt: whole(search.attempt),
    L: text(search.L),
    find: text(search.find),
    at: whole(search.at),
  }),
  component: lazyRouteComponent(() => import('../pages/job/page.tsx'), 'JobPage'),
})
const create = createRoute({
  getParentRoute: () => asking,
  path: '/new',
  validateSearch: (search: Record<string, unknown>): NewSearch => ({
    kind: text(search.kind),
    from: text(search.from),
    template: text(search.template),
  }),
  component: lazyRouteComponent(() => import('../pages/new/page.tsx'), 'NewJobPage'),
})
const one = (search: Record<string, unknown>): OneSearch => ({ show: text(search.show) })
const machines = createRoute({
  getParentRoute: () => root,
  path: '/machines',
  validateSearch: one,
  component: lazyRouteComponent(() => import('../pages/machines/page.tsx'), 'MachinesPage'),
})
const queues = createRoute({
  getParentRoute: () => asking,
  path: '/queues',
  validateSearch: one,
  component: lazyRouteComponent(() => import('../pages/queues/page.tsx'), 'QueuesPage'),
})
const kinds = createRoute({
  getParentRoute: () => asking,
  path: '/kinds',
  validateSearch: one,
  component: lazyRouteComponent(() => import('../pages/kinds/page.tsx'), 'KindsPage'),
})
const system = createRoute({
  getParentRoute: () => asking,
  path: '/system',
  component: lazyRouteComponent(() => import('../pages/system/page.tsx'), 'SystemPage'),
})

const tree = root.addChildren([
  home,
  jobs,
  machines,
  asking.addChildren([job, create, queues, kinds, system]),
])

export const router = createRouter({
  routeTree: tree,
  basepath: place.base,
  defaultPreload: 'intent',
  scrollRestoration: true,
  // plain text parameters: `?q=state:running`, not JSON
  parseSearch: search => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch: search => {
    const given = Object.entries(search).filter(([, value]) => value !== undefined && value !== '')
    const text = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString()
    return text ? `?${text}` : ''
  },
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
