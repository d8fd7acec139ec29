/** How a server is added, and how an agent is connected to this very Headway: texts to copy, with this server's address. */

import { Plug } from 'lucide-react'
import { place, serverUrl } from '../../app/address.ts'
import { CodeBlock } from '../../kit/copy.tsx'
import { Empty, Panel } from '../../kit/panel.tsx'

const TOML = `[mcp.servers.everything]
command = "npx"
args = ["-y", "@modelcontextprotocol/server-everything"]

[mcp.servers.docs]
url = "https://docs.example.com/mcp"
headers = { Authorization = "Bearer \${DOCS_TOKEN}" }`

const AGENT = `{
  "mcpServers": {
    "headway": {
      "command": "headway",
      "args": ["mcp"],
      "env": { "HEADWAY_SERVER": ${JSON.stringify(serverUrl)} }
    }
  }
}`

export function NoServers() {
  return (
    <Panel>
      <Empty icon={Plug} title="No MCP server is known yet">
        Name one in the configuration of a worker: its tools become kinds of jobs, with progress, a cancel
        that holds and a log, and stand here.
      </Empty>
    </Panel>
  )
}

export function AddServer() {
  return (
    <div className="flex flex-col gap-2 text-sm">
      <p className="text-soft">
        In the <code className="font-mono text-xs">headway.toml</code> of a worker. A{' '}
        <code className="font-mono text-xs">&#36;{'{NAME}'}</code> is taken from the worker’s environment and
        shown to nobody.
      </p>
      <CodeBlock label="headway.toml" code={TOML} />
      <p className="text-soft">Then start the worker beside it, or start it again:</p>
      <CodeBlock label="the command" code={`headway worker --server ${serverUrl}`} />
    </div>
  )
}

export function ConnectAgent() {
  return (
    <div className="flex flex-col gap-2 text-sm">
      <p className="text-soft">
        Agents submit jobs, wait for them with progress and cancel them by MCP. One that starts its servers
        itself:
      </p>
      <CodeBlock label="the agent's configuration" code={AGENT} />
      <p className="text-soft">
        One that speaks HTTP, by this address
        {place.authenticated && ', with its own token as “Authorization: Bearer …”'}:
      </p>
      <CodeBlock label="the address" code={`${serverUrl}/mcp`} />
    </div>
  )
}
