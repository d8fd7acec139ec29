/** What stands where no job is: three lines to copy that make one, a worker to run it, or a filter to clear. */

import { useWorkers } from '@headway/client/react'
import { Rocket, SearchX } from 'lucide-react'
import { useState } from 'react'
import { serverUrl } from '../../app/address.ts'
import { copyAs } from '../../app/copyas.ts'
import { Button } from '../../kit/button.tsx'
import { CodeBlock } from '../../kit/copy.tsx'
import { Dialog } from '../../kit/dialog.tsx'
import { Empty } from '../../kit/panel.tsx'
import { Tabs } from '../../kit/tabs.tsx'
import { literal, quoted } from '../../words/code.ts'

const HELLO = { kind: 'hello', args: { name: 'world' } } as const
const COUNT = `for i in $(seq 20); do echo "$i/20"; sleep 0.5; done`

const WAYS = [
  {
    id: 'run',
    label: 'Any command',
    code: `headway run --server ${quoted(serverUrl)} -- \\\n  sh -c ${quoted(COUNT)}`,
    about:
      'It runs here and now; its progress is read from what it prints. Try your own command after the two dashes.',
  },
  {
    id: 'python',
    label: 'Python',
    code: `import headway\nclient = headway.connect(${literal(serverUrl)})\nprint(client.submit("hello", {"name": "world"}).id)`,
    about: 'It waits until a worker serves its kind.',
  },
  {
    id: 'curl',
    label: 'curl',
    code: copyAs({ do: 'submit', job: HELLO }).curl,
    about: 'It waits until a worker serves its kind.',
  },
] as const

/** No job at all yet. */
export function FirstRun() {
  const [way, setWay] = useState<string>('run')
  const { code, about, label } = WAYS.find(each => each.id === way) ?? WAYS[0]
  return (
    <div className="mx-auto w-full max-w-2xl p-4 sm:py-8">
      <Empty icon={Rocket} title="No jobs yet">
        Run this in a terminal: the job appears here at once, and moves.
      </Empty>
      <Tabs label="Ways to make a job" tabs={WAYS} selected={way} onSelect={setWay}>
        <CodeBlock code={code} label={label} />
        <p className="mt-2 text-sm text-soft">{about}</p>
      </Tabs>
      <div className="mt-6">
        <WorkerHint />
      </div>
    </div>
  )
}

/** How many workers are connected; undefined until it is known. */
export function useConnectedWorkers(enabled: boolean): number | undefined {
  const { data } = useWorkers({ enabled })
  return data?.reduce(
    (sum, { workers }) => sum + workers.filter(({ worker }) => CONNECTED.has(worker.state)).length,
    0,
  )
}
const CONNECTED: ReadonlySet<string> = new Set(['online', 'draining', 'stale', 'problem'])

const JOBS_PY = `# jobs.py
import headway

app = headway.App()


@app.job()
def hello(ctx: headway.Context, name: str) -> str:
    return f"Hello, {name}!"`

function WorkerHint() {
  const connected = useConnectedWorkers(true)
  if (connected !== 0) return null
  return (
    <section>
      <h2 className="mb-1 text-sm font-semibold">No worker is connected</h2>
      <StartWorker />
    </section>
  )
}

function StartWorker() {
  return (
    <div className="flex flex-col gap-2 text-sm">
      <p className="text-soft">
        A worker runs the jobs of a Python module. Write one, and start it beside the file:
      </p>
      <CodeBlock code={JOBS_PY} label="jobs.py" />
      <CodeBlock code={`headway worker jobs:app --server ${quoted(serverUrl)}`} label="the command" />
    </div>
  )
}

/** What to do where jobs wait and nobody is there to run them. */
export function NoWorker() {
  const [open, setOpen] = useState(false)
  return (
    <>
      <button type="button" className="min-h-6 text-warn hover:underline" onClick={() => setOpen(true)}>
        No worker is connected
      </button>
      <Dialog open={open} onClose={() => setOpen(false)} title="No worker is connected" wide>
        <StartWorker />
      </Dialog>
    </>
  )
}

/** The filter leaves nothing. */
export function NothingFits({ onClear }: { onClear: () => void }) {
  return (
    <Empty icon={SearchX} title="No job matches">
      <p className="mb-3">A job that does appears here by itself.</p>
      <Button onClick={onClear}>Clear the filter</Button>
    </Empty>
  )
}
