/** One MCP server: each worker that has it with its state and the reason, then its tools. */

import type { KindDoc } from '@headway/client'
import { useState } from 'react'
import { Link } from '../../app/router.tsx'
import { useSettings } from '../../app/settings.ts'
import { StateBadge } from '../../kit/badge.tsx'
import { Button } from '../../kit/button.tsx'
import { Foreign } from '../../kit/foreign.tsx'
import { Panel } from '../../kit/panel.tsx'
import { Lasting } from '../../kit/time.tsx'
import { instant, plural } from '../../words/numbers.ts'
import { lookOf } from '../../words/states.ts'
import type { Figures } from '../kinds/figures.ts'
import { isPast, whyOf } from '../machines/service.ts'
import { deskOf, type McpServer, type Place } from './servers.ts'
import { Tool } from './tool.tsx'

interface ServerProps {
  server: McpServer
  serving: Readonly<Record<string, number>> | undefined
  figures: Readonly<Record<string, Figures>>
  /** The kind whose form is open, and the job that was made from it. */
  run: string | undefined
  job: string | undefined
  onRun: (kind: string | undefined) => void
  onJob: (job: string) => void
}

/** Tools that are drawn before somebody wants more. */
const MANY = 100

export function ServerPanel({ server, serving, figures, run, job, onRun, onJob }: ServerProps) {
  const { name, places, tools } = server
  const [isWhole, setWhole] = useState(false)
  const shown = isWhole || tools.length <= MANY ? tools : first(tools, run)
  return (
    <Panel bare title={name} label={`MCP server ${name}`}>
      <ul className="divide-y divide-line border-b border-line text-sm">
        {places.map(place => (
          <At key={place.service.id} place={place} />
        ))}
        {places.length === 0 && (
          <li className="px-3 py-2 text-soft">
            No worker has this server now. Its tools are still known; jobs of them wait.
          </li>
        )}
      </ul>
      {tools.length === 0 && (
        <p className="px-3 py-2 text-sm text-soft">
          It told of no tools yet{places.length > 0 && ', or all of them are left out by its configuration'}.
        </p>
      )}
      <ul aria-label={`Tools of ${name}`} className="divide-y divide-line">
        {shown.map(kind => (
          <Tool
            key={kind.name}
            kind={kind}
            workers={serving && (serving[kind.name] ?? 0)}
            figures={figures[kind.name]}
            isOpen={run === kind.name}
            job={run === kind.name ? job : undefined}
            onRun={onRun}
            onJob={onJob}
          />
        ))}
      </ul>
      {shown.length < tools.length && (
        <p className="border-t border-line p-2">
          <Button small weight="quiet" onClick={() => setWhole(true)}>
            Show all {plural(tools.length, 'tool')}
          </Button>
        </p>
      )}
    </Panel>
  )
}

/** The first ones, and whatever somebody has to decide on or has open. */
function first(tools: readonly KindDoc[], run: string | undefined): readonly KindDoc[] {
  return tools.filter((tool, index) => index < MANY || tool.quarantine || tool.name === run)
}

/** The server at one worker. */
function At({ place: { service, worker } }: { place: Place }) {
  const { zone } = useSettings()
  const why = whyOf(service)
  const was = isPast(service)
  return (
    <li data-service={service.id} data-status={service.status} className="px-3 py-2">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1">
        <span className="flex items-center gap-2">
          <StateBadge state={service.status} still />
          <span
            className="text-xs whitespace-nowrap text-soft"
            title={`since ${instant(service.changed_at, 'full', zone)}`}
          >
            for <Lasting since={service.changed_at} />
          </span>
        </span>
        {service.version && (
          <span className="min-w-0 wrap-anywhere">
            <Foreign text={service.version} />
          </span>
        )}
        <span className={was ? 'text-soft' : ''}>
          {was && 'was '}
          {deskOf(service)}
        </span>
        <Link
          to="/machines"
          search={{ show: worker.id }}
          className="min-w-0 truncate font-mono text-xs leading-6 text-accent hover:underline"
          title={worker.id}
        >
          {worker.id}
        </Link>
        {service.url && (
          <span className="min-w-0 truncate font-mono text-xs text-soft" title={service.url}>
            {service.url}
          </span>
        )}
      </div>
      {why.map(text => (
        <p
          key={text}
          data-tone={lookOf(service.status).tone}
          className="tone tone-text mt-1 max-h-40 overflow-y-auto"
        >
          <Foreign text={text} />
        </p>
      ))}
    </li>
  )
}
