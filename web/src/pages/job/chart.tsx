/** The time chart of attempts and stages: own boxes on one axis, its right edge moving with now; a table says the same. */

import type { JobDoc } from '@headway/client'
import { ZoomOut } from 'lucide-react'
import { useState } from 'react'
import { useSettings } from '../../app/settings.ts'
import { Button } from '../../kit/button.tsx'
import { Panel } from '../../kit/panel.tsx'
import { instant, spent } from '../../words/numbers.ts'
import { attemptsOf } from './facts.ts'
import { type Chart, type GanttSpan, ganttOf, type Lane, shareOf, spanWords } from './gantt.ts'

const KINDS: Readonly<Record<GanttSpan['kind'], string>> = {
  wait: 'h-1 tone-fill opacity-35',
  offer: 'h-2 tone-fill opacity-60',
  run: 'h-4 tone-fill',
  stage: 'h-2.5 tone-fill opacity-80',
  pending: 'h-4 border border-dashed border-[var(--tone)]',
}

export function TimeChart({ job, now }: { job: JobDoc; now: number }) {
  const [zoom, setZoom] = useState<number>()
  const [asTable, setAsTable] = useState(false)
  const { zone } = useSettings()
  const chart = ganttOf(job, now, zoom)
  const dropped = (attemptsOf(job)[0]?.number ?? 1) - 1
  const zoomed = zoom !== undefined && attemptsOf(job).length > 1
  return (
    <Panel
      title={zoomed ? `Time of attempt ${zoom}` : 'Time'}
      actions={
        <>
          {zoomed && (
            <Button small weight="quiet" icon={ZoomOut} onClick={() => setZoom(undefined)}>
              All attempts
            </Button>
          )}
          <Button small weight="quiet" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
            {asTable ? 'As a chart' : 'As a table'}
          </Button>
        </>
      }
    >
      {dropped > 0 && (
        <p className="mb-2 text-xs text-soft">
          Of the attempts before {dropped + 1} only the events are kept.
        </p>
      )}
      {asTable && (
        <section
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
          tabIndex={0}
          aria-label="Times as a table"
          className="overflow-x-auto"
        >
          <ChartTable chart={chart} zone={zone} />
        </section>
      )}
      {!asTable && (
        <>
          <ul
            aria-label={zoomed ? `Time of attempt ${zoom}` : 'Time of its attempts and stages'}
            className="relative"
          >
            {chart.lanes.map(lane => (
              <LaneRow key={lane.key} lane={lane} chart={chart} {...(zoomed ? {} : { onZoom: setZoom })} />
            ))}
          </ul>
          <Axis chart={chart} zone={zone} />
        </>
      )}
    </Panel>
  )
}

const GRID = 'grid grid-cols-[minmax(5rem,9rem)_minmax(0,1fr)] items-center gap-x-3'

function LaneRow({ lane, chart, onZoom }: { lane: Lane; chart: Chart; onZoom?: (attempt: number) => void }) {
  const last = lane.spans.at(-1)
  const words = lane.spans.map(spanWords).join('; ')
  const title = `${lane.label}${lane.about ? ` on ${lane.about}` : ''}: ${words}`
  const name = (
    <span className="truncate" style={{ paddingLeft: lane.depth * 10 }}>
      {lane.label}
    </span>
  )
  return (
    <li className={`${GRID} min-h-6`} title={title}>
      {onZoom && lane.depth === 0 && lane.attempt > 0 ? (
        <button
          type="button"
          onClick={() => onZoom(lane.attempt)}
          aria-label={`${title}. Show this attempt alone`}
          className="flex h-6 min-w-0 items-center text-left text-sm hover:text-accent"
        >
          {name}
        </button>
      ) : (
        <span className={`flex min-w-0 items-center ${lane.depth ? 'text-xs text-soft' : 'text-sm'}`}>
          {name}
          <span className="sr-only">: {words}</span>
        </span>
      )}
      <span aria-hidden className="relative flex h-6 items-center">
        {lane.spans.map(span => (
          <Box key={`${span.kind}${span.from}`} span={span} chart={chart} />
        ))}
        {last && <Caption span={last} chart={chart} />}
      </span>
    </li>
  )
}

function Box({ span, chart }: { span: GanttSpan; chart: Chart }) {
  const start = shareOf(chart, span.from)
  const width = shareOf(chart, span.to) - start
  return (
    <span
      data-tone={span.tone}
      className={`tone absolute min-w-0.5 rounded-sm ${KINDS[span.kind]} ${span.open && span.kind !== 'wait' ? 'rounded-r-none' : ''}`}
      style={{ left: `${start * 100}%`, width: `${width * 100}%` }}
    />
  )
}

/** The outcome as a word beside its box: to the right where there is room, else before it. */
function Caption({ span, chart }: { span: GanttSpan; chart: Chart }) {
  const [start, end] = [shareOf(chart, span.from), shareOf(chart, span.to)]
  const right = end < 0.72
  const left = !right && start > 0.4
  const text = `${span.word} ${span.kind === 'pending' ? spent((span.to - span.from) / 1000) : ''}`.trim()
  if (!right && !left) {
    if (span.kind !== 'run') return null
    return (
      <span
        className="absolute truncate pl-1.5 text-2xs leading-4 font-medium text-card"
        style={{ left: `${start * 100}%`, width: `${(end - start) * 100}%` }}
      >
        {text}
      </span>
    )
  }
  return (
    <span
      data-tone={span.tone}
      className="tone tone-text absolute bg-card px-1 text-2xs whitespace-nowrap"
      style={right ? { left: `calc(${end * 100}% + 3px)` } : { right: `calc(${(1 - start) * 100}% + 3px)` }}
    >
      {text}
    </span>
  )
}

function Axis({ chart, zone }: { chart: Chart; zone: 'local' | 'utc' }) {
  return (
    <div aria-hidden className={`${GRID} mt-1 border-t border-line pt-1 text-2xs text-soft`}>
      <span title={instant(chart.from, 'full', zone)}>{instant(chart.from, 'time', zone)}</span>
      <span className="relative h-4">
        {chart.ticks.map(tick => (
          <span
            key={tick.at}
            className={`absolute whitespace-nowrap first:translate-x-0 max-sm:even:hidden ${shareOf(chart, tick.at) > 0.96 ? '-translate-x-full' : '-translate-x-1/2'}`}
            style={{ left: `${shareOf(chart, tick.at) * 100}%` }}
          >
            {tick.label}
          </span>
        ))}
      </span>
    </div>
  )
}

function ChartTable({ chart, zone }: { chart: Chart; zone: 'local' | 'utc' }) {
  return (
    <table className="w-full text-left text-sm">
      <thead className="text-xs text-soft">
        <tr>
          <th className="py-1 pr-4 font-normal">What</th>
          <th className="py-1 pr-4 font-normal">From</th>
          <th className="py-1 pr-4 font-normal">To</th>
          <th className="py-1 pr-4 text-right font-normal">Took</th>
          <th className="py-1 font-normal">How it stands</th>
        </tr>
      </thead>
      <tbody>
        {chart.lanes.flatMap(lane =>
          lane.spans.map(span => (
            <tr key={`${lane.key}${span.kind}`} className="border-t border-line">
              <th
                scope="row"
                className="py-1 pr-4 font-normal whitespace-nowrap"
                style={{ paddingLeft: lane.depth * 10 }}
              >
                {lane.label}
              </th>
              <td className="py-1 pr-4 whitespace-nowrap">{instant(span.from, 'precise', zone)}</td>
              <td className="py-1 pr-4 whitespace-nowrap">
                {span.open ? 'now' : instant(span.to, 'precise', zone)}
              </td>
              <td className="py-1 pr-4 text-right whitespace-nowrap">
                {spent((span.to - span.from) / 1000)}
              </td>
              <td className="py-1 whitespace-nowrap">
                {span.word}
                {lane.depth === 0 && lane.about && span.kind === 'run' && (
                  <span className="text-soft"> on {lane.about}</span>
                )}
              </td>
            </tr>
          )),
        )}
      </tbody>
    </table>
  )
}
