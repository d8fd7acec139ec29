/** Kinds of jobs: what workers have declared, who serves them, how long they take, and their limits. */

import { type KindDoc, quotedWhereNeeded } from '@headway/client'
import { useHeadway, useKinds, useWorkers } from '@headway/client/react'
import { useQuery } from '@tanstack/react-query'
import { Boxes, CirclePlus, Gauge } from 'lucide-react'
import { useState } from 'react'
import { useTitle } from '../../app/pulse.ts'
import { addressOf, Link } from '../../app/router.tsx'
import { StateBadge } from '../../kit/badge.tsx'
import { Button } from '../../kit/button.tsx'
import { CodeBlock } from '../../kit/copy.tsx'
import { Find, isFound } from '../../kit/find.tsx'
import { Empty, Fact, Facts, Page, Panel, Problem } from '../../kit/panel.tsx'
import { pretty } from '../../words/code.ts'
import { amount, plural, spent } from '../../words/numbers.ts'
import { fieldsOf } from '../new/schema.ts'
import { LimitsDialog } from './limits.tsx'

const route = addressOf('/kinds')
const ALIVE: ReadonlySet<string> = new Set(['online', 'draining', 'stale'])

export function KindsPage() {
  useTitle('Kinds')
  const { show } = route.useSearch()
  const { data: kinds, error } = useKinds()
  const servers = useServers()
  const figures = useFigures()
  const [text, setText] = useState('')
  const sorted = (kinds ?? [])
    .filter(kind => isFound(kind.name, text))
    .sort((one, other) => Number(Boolean(servers[other.name])) - Number(Boolean(servers[one.name])))
  return (
    <Page
      title="Kinds"
      about={
        kinds &&
        `${plural(kinds.length, 'kind')} of jobs that workers have declared · figures of the last 24 hours`
      }
      actions={<Find label="Find a kind" among={kinds?.length ?? 0} value={text} onChange={setText} />}
    >
      {error && <Problem error={error} />}
      {kinds?.length === 0 && (
        <Panel>
          <Empty icon={Boxes} title="No kind is known yet">
            A kind is declared by the worker that can run it: start one, and its functions stand here.
          </Empty>
        </Panel>
      )}
      {text && sorted.length === 0 && (
        <p className="text-sm text-soft">None of the {plural(kinds?.length ?? 0, 'kind')} is called so.</p>
      )}
      {sorted.length > 0 && (
        <Panel bare label="Kinds">
          <ul className="divide-y divide-line">
            {sorted.map(kind => (
              <Kind
                key={kind.name}
                kind={kind}
                servers={servers[kind.name] ?? 0}
                figures={figures[kind.name]}
                open={show === kind.name}
              />
            ))}
          </ul>
        </Panel>
      )}
    </Page>
  )
}

/** How many workers that are there serve each kind. */
function useServers(): Readonly<Record<string, number>> {
  const { data: machines = [] } = useWorkers()
  const counts: Record<string, number> = {}
  for (const { worker } of machines.flatMap(machine => machine.workers)) {
    if (ALIVE.has(worker.state)) for (const kind of worker.kinds ?? []) counts[kind] = (counts[kind] ?? 0) + 1
  }
  return counts
}

interface Figures {
  readonly finished: number
  readonly failed: number
  readonly run?: { readonly p50_s: number; readonly p95_s: number }
}

function useFigures(): Readonly<Record<string, Figures>> {
  const headway = useHeadway()
  const { data } = useQuery({
    queryKey: ['stats', '24h'],
    queryFn: () => headway.stats({ since: '24h' }),
    refetchInterval: 30_000,
  })
  return data?.kinds ?? {}
}

interface KindProps {
  kind: KindDoc
  servers: number
  figures: Figures | undefined
  open: boolean
}

function Kind({ kind, servers, figures, open: wanted }: KindProps) {
  const [limiting, setLimiting] = useState(false)
  const fields = fieldsOf(kind.schema) ?? []
  return (
    <li className="px-3 py-2.5">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1">
        <h2 className="flex min-w-0 flex-1 basis-60 items-center gap-2">
          <Link
            to="/jobs"
            search={{ q: `kind:${quotedWhereNeeded(kind.name)}` }}
            className="truncate font-medium hover:underline"
            title={kind.name}
          >
            {kind.name}
          </Link>
          {servers > 0 ? (
            <span className="text-xs font-normal whitespace-nowrap text-soft">
              {plural(servers, 'worker')}
            </span>
          ) : (
            <StateBadge look={NOBODY} title="No worker that is connected serves it: its jobs wait." />
          )}
        </h2>
        <p className="text-xs text-soft">{saidOf(kind, figures)}</p>
        <span className="flex items-center gap-1">
          <Button small weight="quiet" icon={Gauge} onClick={() => setLimiting(true)}>
            Limits
          </Button>
          <Link
            to="/new"
            search={{ kind: kind.name }}
            className="inline-flex h-6 items-center gap-1.5 rounded-md border border-line-strong bg-raised px-2 text-xs font-medium hover:bg-hover"
          >
            <CirclePlus aria-hidden size={14} />
            New job
          </Link>
        </span>
      </div>
      {kind.description && <p className="text-sm break-words text-soft">{kind.description}</p>}
      <details open={wanted} className="mt-1">
        <summary className="min-h-6 text-sm text-soft">
          {fields.length === 0
            ? 'no arguments'
            : fields.map(field => (field.required ? field.name : `${field.name}?`)).join(', ')}
        </summary>
        <div className="mt-2 grid grid-cols-1 gap-3 lg:grid-cols-2">
          <Facts>
            <Fact name="Stages">
              {kind.plan?.length
                ? kind.plan.map(stage => `${stage.name} (${stage.weight})`).join(' → ')
                : 'none declared'}
            </Fact>
            <Fact name="Queue">{kind.defaults?.queue ?? 'default'}</Fact>
            <Fact name="Tries">{kind.defaults?.max_attempts ?? 1}</Fact>
            <Fact name="Isolation">{kind.isolation ?? 'shared'}</Fact>
            <Fact name="Version">
              <code className="text-xs">{kind.hash?.slice(0, 12) ?? '–'}</code>
            </Fact>
          </Facts>
          <CodeBlock label="the schema of its arguments" code={pretty(kind.schema ?? {})} />
        </div>
      </details>
      {limiting && <LimitsDialog kind={kind} onClose={() => setLimiting(false)} />}
    </li>
  )
}

/** How it went lately and what it is limited to, in one line. */
function saidOf(kind: KindDoc, figures: Figures | undefined): string {
  const parts = figures
    ? [
        `${amount(figures.finished)} ended`,
        figures.failed && `${amount(figures.failed)} failed`,
        figures.run && `takes ${spent(figures.run.p50_s)}, 95 % under ${spent(figures.run.p95_s)}`,
      ]
    : ['none ended lately']
  const limits = [
    kind.limit !== undefined && `at most ${amount(kind.limit)} at once`,
    kind.key_limit !== undefined && `${amount(kind.key_limit)} for each key`,
  ]
  return [...parts, ...limits].filter(Boolean).join(' · ')
}

const NOBODY = { word: 'no worker', tone: 'warn', icon: Boxes } as const
