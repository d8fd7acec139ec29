/** What stands where no job is: three lines to copy that make one, and a worker to run it. Loaded when it is needed. */

import { Rocket } from 'lucide-react'
import { useState } from 'react'
import { serverUrl } from '../../app/address.ts'
import { copyAs } from '../../app/copyas.ts'
import { CodeBlock } from '../../kit/copy.tsx'
import { Empty } from '../../kit/panel.tsx'
import { Tabs } from '../../kit/tabs.tsx'
import { literal, quoted } from '../../words/code.ts'
import { useConnectedWorkers } from './workers.ts'

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

/** How to have one that runs jobs. */
export function StartWorker() {
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
