/** A new job: choose a kind, fill in what its schema asks for, run it. From a template or an earlier job, if there is one. */

import type { JobDoc, JobRequest, JsonObject, KindDoc, SavedDoc } from '@headway/client'
import { useHeadway, useKinds, useSaved } from '@headway/client/react'
import { useQuery } from '@tanstack/react-query'
import { Boxes } from 'lucide-react'
import { serverUrl } from '../../app/address.ts'
import { useTitle } from '../../app/pulse.ts'
import { addressOf, Link, useNavigate } from '../../app/router.tsx'
import { StateBadge } from '../../kit/badge.tsx'
import { CodeBlock } from '../../kit/copy.tsx'
import { Field, Select } from '../../kit/field.tsx'
import { Foreign } from '../../kit/foreign.tsx'
import { Empty, Page, Panel, Problem } from '../../kit/panel.tsx'
import { isObject } from '../../words/code.ts'
import { descriptionOf, traitsOf } from '../../words/kinds.ts'
import { NewJobForm } from './form.tsx'
import { waysOf } from './options.tsx'
import { Templates } from './templates.tsx'

const route = addressOf('/new')

/** What a form begins with. */
export interface Start {
  readonly args: JsonObject
  readonly options: Partial<JobRequest>
  readonly note?: string
}

export function NewJobPage() {
  useTitle('New job')
  const search = route.useSearch()
  const navigate = useNavigate()
  const { data: kinds, error } = useKinds()
  const saved = useSaved('templates')
  const templates = saved.data ?? []
  const earlier = useEarlier(search.from)
  const template = templates.find(each => each.name === search.template)
  const name =
    search.kind ??
    earlier.data?.kind ??
    (typeof template?.body.kind === 'string' ? template.body.kind : undefined)
  const kind = kinds?.find(each => each.name === name)
  const waiting =
    (search.from !== undefined && earlier.isPending) ||
    (search.template !== undefined && saved.isPending) ||
    kinds === undefined
  const choose = (chosen: string) => void navigate({ to: '/new', search: { kind: chosen || undefined } })
  return (
    <Page title="New job" about="Drawn from what the kind's own code declares; checked again by the server.">
      {error && <Problem error={error} />}
      {earlier.error && <Problem error={earlier.error} />}
      {search.template !== undefined && saved.data && !template && (
        <Problem error={new Error(`There is no template “${search.template}”: it was deleted or renamed.`)} />
      )}
      {kinds?.length === 0 && <NoKinds />}
      {kinds && kinds.length > 0 && (
        <div className="grid items-start gap-3 lg:grid-cols-[260px_minmax(0,1fr)]">
          <Panel title="What" label="What to run">
            <div className="flex flex-col gap-4">
              <Field label="Kind" hint={kind?.description && <Foreign text={descriptionOf(kind)} />}>
                {wiring => (
                  <Select {...wiring} value={name ?? ''} onChange={event => choose(event.target.value)}>
                    <option value="">Choose…</option>
                    {name && !kind && <option value={name}>{name} (not known)</option>}
                    {kinds.map(each => (
                      <option key={each.name} value={each.name}>
                        {each.name}
                        {each.title ? ` · ${each.title}` : ''}
                      </option>
                    ))}
                  </Select>
                )}
              </Field>
              {kind && <About kind={kind} />}
              <Templates
                templates={templates}
                selected={search.template}
                onSelect={chosen => void navigate({ to: '/new', search: { template: chosen } })}
                onLeave={() => choose(name ?? '')}
              />
            </div>
          </Panel>
          {name && !waiting ? (
            <NewJobForm
              key={`${name} ${search.from} ${template?.name}`} // not its seq: what is typed stays when others save it
              name={name}
              kind={kind}
              start={startOf(earlier.data, template)}
            />
          ) : (
            !waiting && (
              <Panel bare title="Choose a kind">
                <ul className="divide-y divide-line">
                  {kinds.map(each => (
                    <li key={each.name}>
                      <button
                        type="button"
                        onClick={() => choose(each.name)}
                        className="flex min-h-10 w-full flex-col px-3 py-2 text-left wrap-anywhere hover:bg-hover"
                      >
                        <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
                          <span className="font-medium">{each.name}</span>
                          {each.title && (
                            <span className="text-sm">
                              <Foreign text={each.title} />
                            </span>
                          )}
                          <Traits kind={each} />
                        </span>
                        {each.description && (
                          <span className="line-clamp-2 text-sm text-soft">
                            <Foreign text={each.description} />
                          </span>
                        )}
                      </button>
                    </li>
                  ))}
                </ul>
              </Panel>
            )
          )}
        </div>
      )}
    </Page>
  )
}

function Traits({ kind }: { kind: KindDoc }) {
  return traitsOf(kind).map(trait => <StateBadge key={trait.word} look={trait} title={trait.title} />)
}

/** What is to be known of the chosen kind before it runs. */
function About({ kind }: { kind: KindDoc }) {
  if (!kind.title && traitsOf(kind).length === 0) return null
  return (
    <div className="flex flex-col gap-1.5 text-sm">
      {kind.title && <Foreign text={kind.title} />}
      <span className="flex flex-wrap gap-1">
        <Traits kind={kind} />
      </span>
      {kind.quarantine && (
        <p className="text-soft">
          Its definition changed: a job of it waits until the change is approved.{' '}
          <Link
            to="/kinds"
            search={{ show: kind.name }}
            className="text-accent underline-offset-2 hover:underline"
          >
            See what changed
          </Link>
        </p>
      )}
    </div>
  )
}

/** The job that is edited and run again, with all of its arguments. */
function useEarlier(id: string | undefined) {
  const headway = useHeadway()
  return useQuery({
    queryKey: ['job', id],
    queryFn: () => headway.get(id ?? ''),
    enabled: id !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
  })
}

function startOf(job: JobDoc | undefined, template: SavedDoc | undefined): Start {
  if (job) {
    return {
      args: isObject(job.args) ? job.args : {},
      options: waysOf(job),
      note: `With what job ${job.id} was given.`,
    }
  }
  const body = template?.body
  return { args: isObject(body?.args) ? body.args : {}, options: isObject(body?.options) ? body.options : {} }
}

const FIRST = `# jobs.py
import headway

app = headway.App()

@app.job
def greet(name: str, times: int = 3) -> str:
    return " ".join(f"Hello, {name}." for _ in headway.track(range(times)))`

function NoKinds() {
  return (
    <Panel>
      <Empty icon={Boxes} title="No kind of job is known yet">
        <p className="mb-3">
          A worker that connects declares what it can do. Write a function and start one:
        </p>
        <div className="flex flex-col gap-2 text-left">
          <CodeBlock label="jobs.py" code={FIRST} />
          <CodeBlock label="the command" code={`headway worker jobs:app --server ${serverUrl}`} />
        </div>
      </Empty>
    </Panel>
  )
}
