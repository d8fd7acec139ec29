/**
 * Where one is and how one gets elsewhere, on the browser's own history: eight addresses, their pages loaded when wanted.
 *
 * A page stays until the next one is loaded; pointing at a link begins to load it. Which address means what is addresses.ts's.
 */

import {
  type ComponentType,
  createContext,
  lazy,
  type MouseEvent,
  type ReactNode,
  Suspense,
  startTransition,
  useContext,
  useEffect,
  useMemo,
  useState,
} from 'react'
import { place as home, href } from './address.ts'
import { type Place, pathOf, placeOf, type Searches, type Target, type To } from './addresses.ts'
import { whenThere } from './loading.ts'

export type { JobSearch, JobsSearch, McpSearch, NewSearch, OneSearch } from './addresses.ts'

// -- pages

type Load = () => Promise<{ default: ComponentType }>

/** A page that asks by REST beside what is live: its cache is loaded with it. */
function asking(load: () => Promise<ComponentType>): Load {
  return async () => {
    const [Asked, { Asking }] = await Promise.all([load(), import('./asking.tsx')])
    return {
      default: () => (
        <Asking>
          <Asked />
        </Asking>
      ),
    }
  }
}

const LOAD: { readonly [T in To]: Load } = {
  '/jobs': async () => ({ default: (await import('../pages/jobs/page.tsx')).JobsPage }),
  '/jobs/$id': asking(async () => (await import('../pages/job/page.tsx')).JobPage),
  '/new': asking(async () => (await import('../pages/new/page.tsx')).NewJobPage),
  '/machines': async () => ({ default: (await import('../pages/machines/page.tsx')).MachinesPage }),
  '/queues': asking(async () => (await import('../pages/queues/page.tsx')).QueuesPage),
  '/kinds': asking(async () => (await import('../pages/kinds/page.tsx')).KindsPage),
  '/mcp': asking(async () => (await import('../pages/mcp/page.tsx')).McpPage),
  '/system': asking(async () => (await import('../pages/system/page.tsx')).SystemPage),
}
const NOWHERE: Load = async () => ({ default: (await import('../pages/nowhere.tsx')).NowherePage })

const pages = new Map<To | undefined, ComponentType>()

function pageOf(to: To | undefined): ComponentType {
  const page = pages.get(to) ?? lazy(whenThere(to ? LOAD[to] : NOWHERE))
  pages.set(to, page)
  return page
}

// -- where one is

type Here = Place | undefined

function read(): Here {
  const prefix = home.base.replace(/\/$/, '')
  const path = location.pathname.startsWith(prefix)
    ? location.pathname.slice(prefix.length)
    : location.pathname
  return placeOf(path, location.search)
}

const moved = new EventTarget()
const Current = createContext<Here>(undefined)

/** Keeps what is shown in step with the address. */
export function Router({ children }: { children: ReactNode }) {
  const [here, setHere] = useState(read)
  useEffect(() => {
    const follow = () => startTransition(() => setHere(read()))
    moved.addEventListener('moved', follow)
    addEventListener('popstate', follow)
    return () => {
      moved.removeEventListener('moved', follow)
      removeEventListener('popstate', follow)
    }
  }, [])
  return <Current.Provider value={here}>{children}</Current.Provider>
}

/** The page that the address means. */
export function Outlet() {
  const here = useContext(Current)
  const Page = pageOf(here?.to)
  const shown = here && `${here.to} ${here.id}`
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page begins at its top
  useEffect(() => {
    document.getElementById('main')?.scrollTo({ top: 0 }) // newer browsers answer with a promise: no clean-up
  }, [shown])
  return (
    <Suspense>
      <Page key={shown} />
    </Suspense>
  )
}

// -- getting elsewhere

/** `search` may be made of what it is now, where one stays on the same page. */
export interface Going<T extends To> extends Omit<Target<T>, 'search'> {
  readonly search?: Searches[T] | ((before: Searches[T]) => Searches[T])
  /** In place of the present entry of the history. */
  readonly replace?: boolean
}

async function go<T extends To>({ to, params, search, replace }: Going<T>): Promise<void> {
  const before = read()
  const known = (before?.to === to ? before.search : {}) as Searches[T]
  const wanted = typeof search === 'function' ? search(known) : search
  const url = href(pathOf<T>({ to, ...(params && { params }), ...(wanted && { search: wanted }) }))
  if (url === location.href) return
  history[replace ? 'replaceState' : 'pushState'](null, '', url)
  moved.dispatchEvent(new Event('moved'))
}

export function useNavigate(): typeof go {
  return go
}

/** One page's own address: its parameters, its id, and how to change them. */
export function addressOf<T extends To>(to: T) {
  function useHere(): Place<T> {
    const here = useContext(Current)
    return (here?.to === to ? here : { to, id: '', search: {} }) as Place<T>
  }
  return {
    useSearch: (): Searches[T] => useHere().search,
    useParams: (): { readonly id: string } => useHere(),
    /** Change the parameters of this page, or its id. */
    useNavigate: () => {
      const { id } = useHere()
      return useMemo(() => (going: Omit<Going<T>, 'to'>) => go<T>({ params: { id }, ...going, to }), [id])
    },
  }
}

interface LinkProps<T extends To> extends Target<T>, Omit<React.ComponentProps<'a'>, 'href' | 'search'> {
  /** Current only where the parameters are the same too. */
  readonly exact?: boolean
}

/** A link to one of our pages: a real address, followed without loading everything anew. */
export function Link<T extends To>({ to, params, search, exact, onClick, ...rest }: LinkProps<T>) {
  const here = useContext(Current)
  const target = { to, ...(params && { params }), ...(search && { search }) }
  const path = pathOf<T>(target)
  const isHere =
    here !== undefined && (exact ? pathOf({ ...here, params: here }) === path : isBelow(here, target))
  const load = () => void LOAD[to]().catch(() => undefined) // wanted by nobody yet
  function follow(event: MouseEvent<HTMLAnchorElement>): void {
    onClick?.(event)
    const isPlain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
    if (event.defaultPrevented || !isPlain || rest.target) return
    event.preventDefault()
    void go<T>(target)
  }
  return (
    <a
      href={href(path)}
      aria-current={isHere ? 'page' : undefined}
      onClick={follow}
      onPointerEnter={load}
      onFocus={load}
      {...rest}
    />
  )
}

function isBelow(here: Place, target: Target): boolean {
  if (target.params) return here.to === target.to && here.id === target.params.id
  return here.to === target.to || here.to.startsWith(`${target.to}/`)
}
