/**
 * One service behind a worker: its state with its age and reason, memory, queue, current job, last sign of life.
 *
 * What is not known now is said as what it was. Looks at nothing but what it is given; cheap, for there may be hundreds.
 */

import type { JobDoc, ServiceDoc } from '@headway/client'
import { useFreshness, useNow } from '@headway/client/react'
import { ExternalLink, Hourglass } from 'lucide-react'
import { memo } from 'react'
import { Link } from '../../app/router.tsx'
import { useSettings } from '../../app/settings.ts'
import { StateBadge } from '../../kit/badge.tsx'
import { Bar } from '../../kit/bar.tsx'
import { Lasting } from '../../kit/time.tsx'
import { doing, shortId } from '../../words/jobs.ts'
import { age, instant, percent } from '../../words/numbers.ts'
import { lookOf } from '../../words/states.ts'
import {
  aboutService,
  addressOfService,
  columnsOfName,
  deskOf,
  deviceOf,
  isPast,
  isSilent,
  memoryOf,
  memoryText,
  whyOf,
} from './service.ts'

/** By the number of columns, for a wide screen; the whole words, as Tailwind looks for them. */
const SPANS = ['', '', 'lg:col-span-2', 'lg:col-span-3', 'lg:col-span-4']

interface ServiceRowProps {
  service: ServiceDoc
  /** That it works on, where this page knows it. */
  job: JobDoc | undefined
}

export const ServiceRow = memo(function ServiceRow({ service, job }: ServiceRowProps) {
  const why = whyOf(service)
  const columns = columnsOfName(service)
  return (
    <li
      data-service={service.id}
      data-status={service.status}
      className="grid grid-cols-[minmax(0,1fr)_auto] gap-x-3 gap-y-1 border-t border-line py-2 text-sm first:border-t-0 lg:grid-cols-[178px_minmax(124px,0.9fr)_minmax(140px,1fr)_132px_minmax(124px,1.3fr)_96px] lg:items-center lg:py-1.5"
    >
      <span className="flex items-center gap-2">
        <StateBadge state={service.status} still />
        <Since at={service.changed_at} />
      </span>
      <Heard service={service} />
      <Name service={service} columns={columns} />
      {columns < 2 && <MemoryUse service={service} />}
      {columns < 3 && <OnItsDesk service={service} />}
      {service.job && <Working id={service.job} job={job} on={service.name} />}
      {!service.job && columns < 4 && <span className="max-lg:hidden" />}
      {why.length > 0 && (
        <ul
          data-tone={lookOf(service.status).tone}
          className="tone tone-text order-2 col-span-full text-sm break-words whitespace-pre-wrap"
        >
          {why.map(text => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      )}
    </li>
  )
})

function Since({ at }: { at: string | undefined }) {
  const { zone } = useSettings()
  if (!at) return null
  return (
    <span className="text-xs whitespace-nowrap text-soft" title={`since ${instant(at, 'full', zone)}`}>
      for <Lasting since={at} />
    </span>
  )
}

function Name({ service, columns }: { service: ServiceDoc; columns: number }) {
  const address = addressOfService(service)
  const about = aboutService(service)
  return (
    <span
      className={`min-w-0 max-lg:col-span-full max-lg:flex max-lg:items-baseline max-lg:gap-2 ${SPANS[columns]}`}
    >
      {address ? (
        <a
          data-stop
          href={address}
          target="_blank"
          rel="noreferrer"
          title={`Open ${address}`}
          className="flex min-h-6 min-w-0 items-center gap-1 font-medium hover:underline"
        >
          <span className="truncate">{service.name}</span>
          <ExternalLink aria-hidden size={12} className="shrink-0 text-soft" />
        </a>
      ) : (
        <span className="block min-h-6 truncate font-medium leading-6" title={service.url ?? service.name}>
          {service.name}
        </span>
      )}
      <span className="block min-w-0 truncate text-xs text-soft" title={about}>
        {about}
      </span>
    </span>
  )
}

/** The memory of its device, as a gauge. */
function MemoryUse({ service }: { service: ServiceDoc }) {
  const [memory, device] = [memoryOf(service), deviceOf(service)]
  if (!memory && !device) return <span className="max-lg:hidden" />
  const was = isPast(service)
  const text = memory ? `${was ? 'was ' : ''}${memoryText(memory)}` : ''
  return (
    <span
      className="min-w-0 text-xs max-lg:col-span-full"
      title={`${device}${memory ? `: ${text} of ${memory.word} in use` : ''}`}
    >
      <span className="block truncate">{device}</span>
      {memory && (
        <span className="flex items-center gap-2">
          {/* biome-ignore lint/a11y/useSemanticElements: a <meter> cannot be coloured without styles of each browser */}
          <span
            role="meter"
            aria-label={`${memory.word} of ${service.name}`}
            aria-valuemin={0}
            aria-valuemax={memory.total}
            aria-valuenow={memory.used}
            aria-valuetext={text}
            className="block h-1.5 min-w-8 flex-1 overflow-hidden rounded-full bg-track"
          >
            <span
              className={`block h-full origin-left rounded-full ${was ? 'bg-line-strong' : 'bg-accent'}`}
              style={{ transform: `scaleX(${memory.used / memory.total})` }}
            />
          </span>
          <span className={`whitespace-nowrap ${was ? 'text-soft' : ''}`}>{text}</span>
        </span>
      )}
    </span>
  )
}

function OnItsDesk({ service }: { service: ServiceDoc }) {
  const desk = deskOf(service)
  if (!desk) return <span className="max-lg:hidden" />
  const was = isPast(service)
  const nothing = was ? 'queue was empty' : 'queue empty'
  return (
    <span className={`text-xs max-lg:col-span-full ${was || !desk.text ? 'text-soft' : ''}`}>
      {desk.text ? `${was ? 'was ' : ''}${desk.text}` : nothing}
      {desk.others && <span className="text-soft lg:block max-lg:ml-2">{desk.others}</span>}
    </span>
  )
}

function Working({ id, job, on }: { id: string; job: JobDoc | undefined; on: string }) {
  const { freshness } = useFreshness(job)
  const overall = job?.progress?.overall ?? null
  const does = job ? doing(job) : ''
  return (
    <span className="min-w-0 max-lg:col-span-full">
      <span className="flex items-baseline gap-2">
        <Link
          to="/jobs/$id"
          params={{ id }}
          title={id}
          className="min-w-0 flex-1 truncate leading-6 text-accent hover:underline"
        >
          {job?.kind ?? `job ${shortId(id)}`}
          {does && <span className="text-soft"> · {does}</span>}
        </Link>
        {job && (
          <span className="text-xs whitespace-nowrap">{overall === null ? '–' : percent(overall)}</span>
        )}
      </span>
      {job && (
        <Bar
          fraction={overall}
          label={`Progress of ${job.kind} on ${on}`}
          tone={job.state === 'cancelling' ? 'cancelling' : 'running'}
          freshness={freshness}
        />
      )}
    </span>
  )
}

/** Its last sign of life by the server's clock. */
function Heard({ service }: { service: ServiceDoc }) {
  const now = useNow()
  const { zone } = useSettings()
  const { seen_at: at } = service
  const silent = isSilent(service, now)
  return (
    <span
      data-silent={silent}
      title={at ? `Last sign of life: ${instant(at, 'full', zone)}` : 'It gave no sign of life yet'}
      className={`flex items-center gap-1 text-xs whitespace-nowrap justify-end lg:order-1 ${silent ? 'text-soft italic' : ''}`}
    >
      {silent && <Hourglass aria-hidden size={12} className="shrink-0" />}
      {at ? heard((now - Date.parse(at)) / 1000) : 'not heard yet'}
    </span>
  )
}

function heard(seconds: number): string {
  return seconds < 1 ? 'heard now' : `heard ${age(seconds)} ago`
}
