/** The frame around every page: where one can go, how the connection stands, what is said, and what keys do. */

import { useConnection, useSaved } from '@headway/client/react'
import {
  Bookmark,
  Boxes,
  CirclePlus,
  Command as CommandIcon,
  Gauge,
  Settings as Gear,
  Keyboard,
  Layers,
  ListChecks,
  type LucideIcon,
  Menu as MenuIcon,
  Plug,
  Server,
} from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { Button } from '../kit/button.tsx'
import { Menu } from '../kit/menu.tsx'
import { plural } from '../words/numbers.ts'
import { href } from './address.ts'
import { useAlerts } from './alerting.ts'
import { Voice } from './announce.tsx'
import { AsOf, ConnectionPill } from './connection.tsx'
import { useKeys } from './keys.ts'
import { KeySheet } from './keysheet.tsx'
import { whenThere } from './loading.ts'
import { Preferences } from './preferences.tsx'
import { usePulse } from './pulse.ts'
import { Link, Outlet, useNavigate } from './router.tsx'
import { Toasts } from './toasts.tsx'
import { TokenDialog } from './token.tsx'

const Palette = lazy(whenThere(() => import('./palette.tsx').then(module => ({ default: module.Palette }))))

type Target = '/jobs' | '/machines' | '/queues' | '/kinds' | '/mcp' | '/new' | '/system'
interface Place {
  readonly to: Target
  readonly word: string
  readonly icon: LucideIcon
  readonly keys: string
}

const PLACES: readonly Place[] = [
  { to: '/jobs', word: 'Jobs', icon: ListChecks, keys: 'g j' },
  { to: '/machines', word: 'Machines', icon: Server, keys: 'g w' },
  { to: '/queues', word: 'Queues', icon: Layers, keys: 'g q' },
  { to: '/kinds', word: 'Kinds', icon: Boxes, keys: 'g k' },
  { to: '/mcp', word: 'MCP', icon: Plug, keys: 'g m' },
  { to: '/new', word: 'New job', icon: CirclePlus, keys: 'g n' },
  { to: '/system', word: 'System', icon: Gauge, keys: 'g s' },
]
const PHONE: readonly Target[] = ['/jobs', '/machines', '/queues', '/new']

type Open = 'palette' | 'keys' | 'settings' | undefined

export function Shell() {
  const [open, setOpen] = useState<Open>()
  const [palette, setPalette] = useState(false) // once wanted, it stays loaded
  const { fresh } = useConnection()
  const navigate = useNavigate()
  const alerts = useAlerts()
  usePulse()
  const close = () => setOpen(undefined)
  const search = () => {
    setPalette(true)
    setOpen('palette')
  }
  useKeys([
    { keys: 'mod+k', does: 'Command palette', group: 'Anywhere', run: search, always: true },
    { keys: '?', does: 'Keyboard shortcuts', group: 'Anywhere', run: () => setOpen('keys') },
    { keys: ',', does: 'Settings', group: 'Anywhere', run: () => setOpen('settings') },
    ...PLACES.map(({ to, word, keys }) => ({
      keys,
      does: word,
      group: 'Go to',
      run: () => void navigate({ to }),
    })),
  ])
  return (
    <div data-fresh={fresh} className="flex h-dvh flex-col sm:flex-row">
      <a
        href="#main"
        className="sr-only z-50 rounded-md bg-accent px-3 py-2 text-on-accent focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        Skip to the page
      </a>
      <Side onSearch={search} onOpen={setOpen} alerts={alerts} />
      <TopBar onSearch={search} onOpen={setOpen} alerts={alerts} />
      <main id="main" tabIndex={-1} className="min-h-0 min-w-0 flex-1 overflow-auto focus:outline-none">
        <Outlet />
      </main>
      <BottomBar />
      <Toasts />
      <Voice />
      <TokenDialog />
      <KeySheet open={open === 'keys'} onClose={close} />
      <Preferences open={open === 'settings'} onClose={close} />
      {palette && (
        <Suspense>
          <Palette open={open === 'palette'} onClose={close} />
        </Suspense>
      )}
    </div>
  )
}

interface Openers {
  onSearch: () => void
  onOpen: (what: Open) => void
  /** How many nobody looked at yet. */
  alerts: number
}

const LINK =
  'flex h-9 items-center gap-2.5 rounded-md px-2.5 text-sm text-soft hover:bg-hover hover:text-ink aria-[current=page]:bg-selected aria-[current=page]:font-medium aria-[current=page]:text-ink'

function Side({ onSearch, onOpen, alerts }: Openers) {
  return (
    <header className="hidden w-52 shrink-0 flex-col border-r border-line bg-card p-2 sm:flex">
      <Brand />
      <button
        type="button"
        onClick={onSearch}
        className="mb-2 flex h-8 items-center gap-2 rounded-md border border-line-strong px-2.5 text-sm text-soft hover:bg-hover"
      >
        <CommandIcon aria-hidden size={14} />
        <span className="flex-1 text-left">Go to…</span>
        <kbd className="font-sans text-xs">⌘K</kbd>
      </button>
      <nav aria-label="Main" className="flex flex-col gap-0.5">
        {PLACES.map(({ to, word, icon: Icon }) => (
          <Link key={to} to={to} className={LINK}>
            <Icon aria-hidden size={17} />
            <span className="flex-1">{word}</span>
            {to === '/system' && <Alerts count={alerts} />}
          </Link>
        ))}
      </nav>
      <Pinned />
      <div className="mt-auto flex flex-col gap-1 border-t border-line pt-2">
        <ConnectionPill />
        <div className="flex items-center justify-between pl-2">
          <AsOf />
          <span className="flex">
            <Button
              small
              weight="quiet"
              icon={Keyboard}
              label="Keyboard shortcuts"
              onClick={() => onOpen('keys')}
            />
            <Button small weight="quiet" icon={Gear} label="Settings" onClick={() => onOpen('settings')} />
          </span>
        </div>
      </div>
    </header>
  )
}

/** Beside the way to where they can be read. */
function Alerts({ count }: { count: number }) {
  if (count === 0) return null
  return (
    <span
      data-tone="failed"
      title={plural(count, 'new alert')}
      className="tone tone-tint tone-text rounded-full px-1.5 text-xs font-medium"
    >
      {count}
      <span className="sr-only"> {count === 1 ? 'new alert' : 'new alerts'}</span>
    </span>
  )
}

function Brand() {
  return (
    <Link to="/jobs" className="mb-2 flex h-10 items-center gap-2.5 px-2.5 font-semibold tracking-tight">
      <img src={href('icon.svg')} alt="" width={22} height={22} />
      Headway
    </Link>
  )
}

/** Saved views that somebody pinned: the same for all. */
function Pinned() {
  const { data = [] } = useSaved('views')
  const pinned = data.filter(view => isPinned(view.body))
  if (pinned.length === 0) return null
  return (
    <nav aria-label="Pinned views" className="mt-3 flex min-h-0 flex-col gap-0.5 overflow-auto">
      <h2 className="px-2.5 py-1 text-xs text-soft">Pinned</h2>
      {pinned.map(view => (
        <Link key={view.name} to="/jobs" search={{ q: view.body.q }} exact className={LINK}>
          <Bookmark aria-hidden size={15} className="shrink-0" />
          <span className="truncate" title={view.name}>
            {view.name}
          </span>
        </Link>
      ))}
    </nav>
  )
}

function isPinned(body: unknown): body is { q: string; pinned: true } {
  return typeof body === 'object' && body !== null && 'pinned' in body && body.pinned === true
}

function TopBar({ onSearch, onOpen, alerts }: Openers) {
  const navigate = useNavigate()
  const others = PLACES.filter(place => !PHONE.includes(place.to))
  return (
    <header className="flex h-12 shrink-0 items-center gap-1 border-b border-line bg-card px-2 sm:hidden">
      <Link to="/jobs" aria-label="Headway, jobs" className="flex size-8 items-center justify-center">
        <img src={href('icon.svg')} alt="" width={22} height={22} />
      </Link>
      <div className="min-w-0 flex-1">
        <ConnectionPill />
      </div>
      <Button weight="quiet" icon={CommandIcon} label="Command palette" onClick={onSearch} />
      <Menu
        weight="quiet"
        icon={MenuIcon}
        label="More"
        items={[
          ...others.map(({ to, word, icon }) => ({
            label: word,
            icon,
            ...(to === '/system' && alerts > 0 ? { hint: plural(alerts, 'alert') } : {}),
            onSelect: () => void navigate({ to }),
          })),
          { label: 'Settings', icon: Gear, onSelect: () => onOpen('settings') },
        ]}
      />
    </header>
  )
}

function BottomBar() {
  return (
    <nav
      aria-label="Main"
      className="flex shrink-0 border-t border-line bg-card pb-[env(safe-area-inset-bottom)] sm:hidden"
    >
      {PLACES.filter(place => PHONE.includes(place.to)).map(({ to, word, icon: Icon }) => (
        <Link
          key={to}
          to={to}
          className="flex h-13 flex-1 flex-col items-center justify-center gap-0.5 text-2xs text-soft aria-[current=page]:font-medium aria-[current=page]:text-accent"
        >
          <Icon aria-hidden size={19} />
          {word}
        </Link>
      ))}
    </nav>
  )
}
