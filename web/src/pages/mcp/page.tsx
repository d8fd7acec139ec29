/**
 * MCP servers behind the workers: how they are, what tools they have, what changed of those, and a form to run each.
 *
 * The address is what is searched for, whose form is open and which job was made from it. Also the way to add a server, and
 * to connect an agent to Headway.
 */

import { useKinds, useWorkers } from '@headway/client/react'
import { useMemo } from 'react'
import { useTitle } from '../../app/pulse.ts'
import { addressOf } from '../../app/router.tsx'
import { Find, isFound } from '../../kit/find.tsx'
import { Page, Panel, Problem } from '../../kit/panel.tsx'
import { plural } from '../../words/numbers.ts'
import { useFigures, useServing } from '../kinds/figures.ts'
import { thoseThere } from '../machines/finding.ts'
import { AddServer, ConnectAgent, NoServers } from './adding.tsx'
import { ServerPanel } from './server.tsx'
import { type McpServer, serversOf, summary } from './servers.ts'

const route = addressOf('/mcp')

export function McpPage() {
  useTitle('MCP')
  const { q = '', run, job } = route.useSearch()
  const navigate = route.useNavigate()
  const workers = useWorkers()
  const kinds = useKinds()
  const serving = useServing()
  const figures = useFigures()
  const servers = useMemo(
    () => serversOf(thoseThere(workers.data ?? []), kinds.data ?? []),
    [workers.data, kinds.data],
  )
  const isKnown = workers.data !== undefined && kinds.data !== undefined
  const shown = q ? servers.flatMap(server => matching(server, q)) : servers
  const all = servers.reduce((sum, { tools }) => sum + tools.length, 0)
  return (
    <Page
      title="MCP"
      about={isKnown && servers.length > 0 ? `${summary(servers)} · figures of the last 24 hours` : undefined}
      actions={
        <Find
          label="Find a tool"
          among={all}
          value={q}
          onChange={text => void navigate({ search: before => ({ ...before, q: text }), replace: true })}
        />
      }
    >
      {workers.error && <Problem error={workers.error} />}
      {kinds.error && <Problem error={kinds.error} />}
      {isKnown && servers.length === 0 && <NoServers />}
      {q && shown.length === 0 && (
        <p className="text-sm text-soft">None of the {plural(all, 'tool')} is called so.</p>
      )}
      {shown.map(server => (
        <ServerPanel
          key={server.name}
          server={server}
          serving={serving}
          figures={figures}
          run={run}
          job={job}
          onRun={kind => void navigate({ search: before => ({ q: before.q, run: kind }), replace: true })}
          onJob={made => void navigate({ search: before => ({ ...before, job: made }) })}
        />
      ))}
      {isKnown && (
        <div className="grid items-start gap-3 lg:grid-cols-2">
          <Panel title="Add a server">
            <AddServer />
          </Panel>
          <Panel title="Connect an agent to Headway">
            <ConnectAgent />
          </Panel>
        </div>
      )}
    </Page>
  )
}

/** The server with those of its tools that have all the words; a server that is called so keeps all of them. */
function matching(server: McpServer, q: string): readonly McpServer[] {
  if (isFound(server.name, q)) return [server]
  const tools = server.tools.filter(tool =>
    isFound(`${tool.name} ${tool.title ?? ''} ${tool.description ?? ''}`, q),
  )
  return tools.length > 0 ? [{ ...server, tools }] : []
}
