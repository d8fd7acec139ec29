/** One tool of a server: what it does, what is to be known of it, how it went lately; its form and the job made from it. */

import type { KindDoc } from '@headway/client'
import { quotedWhereNeeded } from '@headway/client'
import { Play, X } from 'lucide-react'
import { lazy, Suspense, useId } from 'react'
import { whenThere } from '../../app/loading.ts'
import { Link } from '../../app/router.tsx'
import { StateBadge } from '../../kit/badge.tsx'
import { Button } from '../../kit/button.tsx'
import { CodeBlock } from '../../kit/copy.tsx'
import { Foreign } from '../../kit/foreign.tsx'
import { pretty } from '../../words/code.ts'
import { descriptionOf, toolOf, traitsOf } from '../../words/kinds.ts'
import { Quarantined } from '../kinds/change.tsx'
import { type Figures, lately } from '../kinds/figures.ts'
import { fieldsOf } from '../new/schema.ts'

const RunTool = lazy(whenThere(() => import('./run.tsx').then(module => ({ default: module.RunTool }))))

interface ToolProps {
  kind: KindDoc
  /** That serve it; undefined: not known yet. */
  workers: number | undefined
  figures: Figures | undefined
  isOpen: boolean
  job: string | undefined
  onRun: (kind: string | undefined) => void
  onJob: (job: string) => void
}

/** Characters of a description that stand in the list. */
const BRIEF = 240

export function Tool({ kind, workers, figures, isOpen, job, onRun, onJob }: ToolProps) {
  const form = useId()
  const name = toolOf(kind)
  const { title = '' } = kind
  const description = descriptionOf(kind)
  return (
    <li data-tool={kind.name} className="px-3 py-2.5">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1">
        <h3 className="flex min-w-0 flex-1 basis-60 flex-wrap items-center gap-x-2 gap-y-1">
          <Link
            to="/jobs"
            search={{ q: `kind:${quotedWhereNeeded(kind.name)}` }}
            className="max-w-full truncate leading-6 font-medium hover:underline"
            title={`Jobs of ${kind.name}`}
          >
            {name}
          </Link>
          {traitsOf(kind, workers).map(trait => (
            <StateBadge key={trait.word} look={trait} title={trait.title} />
          ))}
          {title && title !== name && (
            <span className="text-sm text-soft">
              <Foreign text={title} />
            </span>
          )}
        </h3>
        <p className="text-xs text-soft">{lately(kind, figures)}</p>
        {kind.quarantine && (
          <p data-tone="warn" className="tone tone-text text-xs">
            Jobs wait until it is approved
          </p>
        )}
        <Button
          small
          icon={isOpen ? X : Play}
          aria-expanded={isOpen}
          aria-controls={isOpen ? form : undefined}
          aria-label={isOpen ? `Close the form of ${name}` : `Run ${name}`}
          onClick={() => onRun(isOpen ? undefined : kind.name)}
        >
          {isOpen ? 'Close' : 'Run'}
        </Button>
      </div>
      {description && description !== name && (
        <p className="text-sm text-soft">
          <Foreign
            text={description.length > BRIEF ? `${description.slice(0, BRIEF - 1).trimEnd()}…` : description}
          />
        </p>
      )}
      <Quarantined kind={kind} />
      <About kind={kind} />
      {isOpen && (
        <div id={form} className="mt-3">
          <Suspense>
            <RunTool kind={kind} job={job} onJob={onJob} />
          </Suspense>
        </div>
      )}
    </li>
  )
}

/** What it takes and gives, to unfold. */
function About({ kind }: { kind: KindDoc }) {
  const fields = fieldsOf(kind.schema) ?? []
  const takes = fields.map(field => (field.required ? field.name : `${field.name}?`)).join(', ')
  return (
    <details className="mt-0.5">
      <summary className="min-h-6 text-sm text-soft wrap-anywhere">{takes || 'no arguments'}</summary>
      <div className="mt-2 flex flex-col gap-3">
        {descriptionOf(kind).length > BRIEF && (
          <p className="text-sm">
            <Foreign text={descriptionOf(kind)} />
          </p>
        )}
        <div className="grid grid-cols-1 gap-3 lg:grid-cols-2">
          <CodeBlock label="the schema of its arguments" code={pretty(kind.schema ?? {})} />
          {kind.output !== undefined && (
            <CodeBlock label="the schema of its result" code={pretty(kind.output)} />
          )}
        </div>
        {kind.definition && (
          <p className="text-xs text-soft">
            Definition{' '}
            <code className="font-mono" title={kind.definition}>
              {kind.definition.slice(0, 12)}
            </code>
            {kind.approved_by ? `, approved by ${kind.approved_by}` : ', as it was first told'}
          </p>
        )}
      </div>
    </details>
  )
}
