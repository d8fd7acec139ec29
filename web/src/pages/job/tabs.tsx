/** The tabs of a job's page; which one is open stands in the address. What is not open is not loaded. */

import type { JobDoc } from '@headway/client'
import { lazy, Suspense } from 'react'
import { useKeys } from '../../app/keys.ts'
import { whenThere } from '../../app/loading.ts'
import { addressOf } from '../../app/router.tsx'
import { type Tab, Tabs } from '../../kit/tabs.tsx'
import { brief } from '../../words/numbers.ts'
import { Artifacts } from './artifacts.tsx'
import { Events } from './eventlist.tsx'
import { InputOutput } from './inout.tsx'
import { Overview } from './overview.tsx'
import { Resources } from './resources.tsx'

const route = addressOf('/jobs/$id')
const Logs = lazy(whenThere(() => import('./logs/logs.tsx').then(module => ({ default: module.Logs }))))

interface JobTabsProps {
  job: JobDoc
  now: number
  at: number | undefined
  troubles: boolean
  onTroubles: (only: boolean) => void
  onSelect: (tab: string) => void
  onLookBack: (seq: number) => void
}

export function JobTabs(props: JobTabsProps) {
  const { job, onSelect } = props
  const { tab, L } = route.useSearch()
  const tabs = tabsOf(job)
  const named = tab ?? (L ? 'logs' : 'overview')
  const selected = tabs.some(each => each.id === named) ? named : 'overview'
  useKeys([{ keys: 'l', does: 'Its log', group: 'Job', run: () => onSelect('logs') }])
  return (
    <Tabs
      label="About this job"
      tabs={tabs}
      selected={selected}
      onSelect={onSelect}
      full={selected === 'logs'}
    >
      <Selected {...props} tab={selected} />
    </Tabs>
  )
}

function tabsOf(job: JobDoc): readonly Tab[] {
  const files = Object.keys(job.artifacts ?? {}).length
  return [
    { id: 'overview', label: 'Overview' },
    { id: 'logs', label: 'Log', ...(job.log_lines ? { count: brief(job.log_lines) } : {}) },
    { id: 'events', label: 'Events' },
    { id: 'data', label: 'Input & output' },
    { id: 'files', label: 'Files', ...(files ? { count: brief(files) } : {}) },
    { id: 'resources', label: 'Resources' },
  ]
}

function Selected({ tab, job, now, at, troubles, onTroubles, onLookBack }: JobTabsProps & { tab: string }) {
  switch (tab) {
    case 'logs':
      return (
        <Suspense>
          <Logs id={job.id} />
        </Suspense>
      )
    case 'events':
      return (
        <Events id={job.id} at={at} troubles={troubles} onTroubles={onTroubles} onLookBack={onLookBack} />
      )
    case 'data':
      return <InputOutput job={job} />
    case 'files':
      return <Artifacts job={job} />
    case 'resources':
      return <Resources job={job} />
    default:
      return <Overview job={job} now={now} />
  }
}
