/** The frame around every page: where one can go, how the connection stands, and the notices. */

import { Link, Outlet } from '@tanstack/react-router'
import { Boxes, CirclePlus, Gauge, Layers, ListChecks, type LucideIcon, Server } from 'lucide-react'
import { Toasts } from './toasts.tsx'

const PLACES: readonly {
  readonly to: '/jobs' | '/machines' | '/queues' | '/kinds' | '/new' | '/system'
  readonly word: string
  readonly icon: LucideIcon
}[] = [
  { to: '/jobs', word: 'Jobs', icon: ListChecks },
  { to: '/machines', word: 'Machines', icon: Server },
  { to: '/queues', word: 'Queues', icon: Layers },
  { to: '/kinds', word: 'Kinds', icon: Boxes },
  { to: '/new', word: 'New job', icon: CirclePlus },
  { to: '/system', word: 'System', icon: Gauge },
]

export function Shell() {
  return (
    <div className="flex h-dvh flex-col sm:flex-row">
      <nav
        aria-label="Main"
        className="flex shrink-0 gap-1 border-line bg-card p-2 sm:w-48 sm:flex-col sm:border-r"
      >
        {PLACES.map(({ to, word, icon: Icon }) => (
          <Link
            key={to}
            to={to}
            className="flex h-9 items-center gap-2.5 rounded-md px-2.5 text-sm text-soft hover:bg-hover hover:text-ink aria-[current=page]:bg-selected aria-[current=page]:font-medium aria-[current=page]:text-ink"
          >
            <Icon aria-hidden size={17} />
            {word}
          </Link>
        ))}
      </nav>
      <main className="min-h-0 min-w-0 flex-1 overflow-auto">
        <Outlet />
      </main>
      <Toasts />
    </div>
  )
}
