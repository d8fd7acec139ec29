/** Kinds of jobs: what workers have declared, who serves them, how long they take, and their limits. */

import { type KindDoc, quotedWhereNeeded } from '@headway/client'
import { useKinds } from '@headway/client/react'
import { Boxes, CirclePlus, Gauge } from 'lucide-react'
import { useState } from 'react'
import { useTitle } from '../../app/pulse.ts'
import { addressOf, Link } from '../../app/router.tsx'
import { StateBadge } from '../../kit/badge.tsx'
import { Button } from '../../kit/button.tsx'
import { CodeBlock } from '../../kit/copy.tsx'
import { Find, isFound } from '../../kit/find.tsx'
import { Foreign } from '../../kit/foreign.tsx'
import { Empty, Fact, Facts, Page, Panel, Problem } from '../../kit/panel.tsx'
import { Time } from '../../kit/time.tsx'
import { pretty } from '../../words/code.ts'
import { descriptionOf, serverOf, toolOf, traitsOf } from '../../words/kinds.ts'
import { plural } from '../../words/numbers.ts'
import { fieldsOf } from '../new/schema.ts'
import { Quarantined } from './change.tsx'
import { type Figures, lately, useFigures, useServing } from './figures.ts'
import { LimitsDialog } from './limits.tsx'

const route = addressOf('/kinds')

export function KindsPage() {
  useTitle('Kinds')
  const { show } = route.useSearch()
  const { data: kinds, error } = useKinds()
  const serving = useServing()
  const figures = useFigures()
  const [text, setText] = useState('')
  const sorted = (kinds ?? [])
    .filter(kind => isFound(`${kind.name} ${kind.title ?? ''}`, text))
    .sort((one, other) => rank(one, serving) - rank(other, serving))
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
                workers={serving && (serving[kind.name] ?? 0)}
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

interface KindProps {
  kind: KindDoc
  /** That serve it; undefined: not known yet. */
  workers: number | undefined
  figures: Figures | undefined
  open: boolean
}

/** What somebody has to decide on first, then what is served. */
function rank(kind: KindDoc, serving: Readonly<Record<string, number>> | undefined): number {
  return kind.quarantine ? 0 : serving?.[kind.name] ? 1 : 2
}

function Kind({ kind, workers, figures, open: wanted }: KindProps) {
  const [limiting, setLimiting] = useState(false)
  const fields = fieldsOf(kind.schema) ?? []
  const server = serverOf(kind)
  return (
    <li className="px-3 py-2.5">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1">
        <h2 className="flex min-w-0 flex-1 basis-60 flex-wrap items-center gap-x-2">
          <Link
            to="/jobs"
            search={{ q: `kind:${quotedWhereNeeded(kind.name)}` }}
            className="max-w-full truncate leading-6 font-medium hover:underline"
            title={kind.name}
          >
            {kind.name}
          </Link>
          {workers !== undefined && workers > 0 && (
            <span className="text-xs font-normal whitespace-nowrap text-soft">
              {plural(workers, 'worker')}
            </span>
          )}
          {server !== undefined && (
            <Link
              to="/mcp"
              search={{ q: toolOf(kind) }}
              className="min-w-0 truncate text-xs leading-6 font-normal text-accent hover:underline"
            >
              tool of {server}
            </Link>
          )}
          <span className="flex flex-wrap gap-1">
            {traitsOf(kind, workers).map(trait => (
              <StateBadge key={trait.word} look={trait} title={trait.title} />
            ))}
          </span>
        </h2>
        <p className="text-xs text-soft">{lately(kind, figures)}</p>
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
      {kind.title && (
        <p className="text-sm">
          <Foreign text={kind.title} />
        </p>
      )}
      {kind.description && (
        <p className="line-clamp-4 text-sm text-soft" title={kind.description}>
          <Foreign text={descriptionOf(kind)} />
        </p>
      )}
      <Quarantined kind={kind} isOpen={wanted} />
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
            {kind.definition && (
              <Fact name="Definition">
                <code className="text-xs" title={kind.definition}>
                  {kind.definition.slice(0, 12)}
                </code>
                {kind.approved_by && ` approved by ${kind.approved_by}`}
                {kind.approved_at && (
                  <>
                    {' '}
                    <Time at={kind.approved_at} as="day" />
                  </>
                )}
              </Fact>
            )}
          </Facts>
          <CodeBlock label="the schema of its arguments" code={pretty(kind.schema ?? {})} />
        </div>
      </details>
      {limiting && <LimitsDialog kind={kind} onClose={() => setLimiting(false)} />}
    </li>
  )
}
