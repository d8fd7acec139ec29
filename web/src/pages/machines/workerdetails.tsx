/** What a worker is: where it came from, what it serves, what its jobs use, what was wrong with it. */

import type { WorkerDoc } from '@headway/client'
import { Cpu } from 'lucide-react'
import { Link } from '../../app/router.tsx'
import { Chip } from '../../kit/badge.tsx'
import { CopyButton } from '../../kit/copy.tsx'
import { Fact, Facts } from '../../kit/panel.tsx'
import { Time } from '../../kit/time.tsx'
import { size } from '../../words/numbers.ts'

export function WorkerDetails({ worker }: { worker: WorkerDoc }) {
  const attempts = worker.load?.attempts ?? []
  return (
    <div className="mt-2 ml-6 grid grid-cols-1 gap-4 rounded-md bg-well p-3 lg:grid-cols-2">
      <Facts>
        <Fact name="Id">
          <span className="flex items-center gap-1">
            <code className="truncate text-xs">{worker.id}</code>
            <CopyButton text={worker.id} label="Copy the id" />
          </span>
        </Fact>
        <Fact name="Last heard">{worker.heard_at ? <Time at={worker.heard_at} as="age" /> : 'never'}</Fact>
        <Fact name="Connected">
          <Time at={worker.connected_at} as="full" />
        </Fact>
        <Fact name="Version">
          {[
            worker.version && `headway ${worker.version}`,
            worker.python && `Python ${worker.python}`,
            worker.platform,
          ]
            .filter(Boolean)
            .join(' · ') || '–'}
        </Fact>
        <Fact name="Process">{worker.pid ?? '–'}</Fact>
        <Fact name="Queues">{worker.queues?.length ? worker.queues.join(', ') : 'all'}</Fact>
        {worker.server && <Fact name="Server">{worker.server}</Fact>}
        {worker.labels && Object.keys(worker.labels).length > 0 && (
          <Fact name="Labels">
            <span className="flex flex-wrap gap-1">
              {Object.entries(worker.labels).map(([name, value]) => (
                <Chip key={name} name={name}>
                  {value}
                </Chip>
              ))}
            </span>
          </Fact>
        )}
      </Facts>
      <div className="flex min-w-0 flex-col gap-3 text-sm">
        <div>
          <h3 className="mb-1 text-soft">Kinds it serves</h3>
          <span className="flex flex-wrap gap-1">
            {worker.kinds?.map(kind => (
              <Link
                key={kind}
                to="/kinds"
                search={{ show: kind }}
                title={kind}
                className="flex max-w-full hover:underline"
              >
                <Chip>{kind}</Chip>
              </Link>
            )) ?? 'none'}
          </span>
        </div>
        {attempts.length > 0 && (
          <div>
            <h3 className="mb-1 text-soft">Use by its jobs</h3>
            <ul>
              {attempts.map(each => (
                <li key={`${each.job}/${each.attempt}`} className="flex items-center gap-2">
                  <Cpu aria-hidden size={14} className="text-soft" />
                  <Link
                    to="/jobs/$id"
                    params={{ id: each.job }}
                    className="min-w-0 flex-1 truncate font-mono text-xs hover:underline"
                  >
                    {each.job}
                  </Link>
                  <span>{Math.round(each.cpu_percent)} % of a core</span>
                  <span>{size(each.rss_bytes)}</span>
                </li>
              ))}
            </ul>
          </div>
        )}
        {worker.problems && worker.problems.length > 0 && (
          <div>
            <h3 className="mb-1 text-soft">Problems</h3>
            <ul>
              {worker.problems.map(each => (
                <li key={each.at} className="break-words text-failed">
                  <Time at={each.at} as="day" /> {each.problem}
                </li>
              ))}
            </ul>
          </div>
        )}
      </div>
    </div>
  )
}
