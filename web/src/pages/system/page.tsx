/** The system: what happened in the last ten minutes, the servers on this log, who is connected, a word to everybody. */

import type { WireEvent } from '@headway/client'
import { useHeadway, useNow, useTopic } from '@headway/client/react'
import { useQuery } from '@tanstack/react-query'
import { Megaphone, TriangleAlert, Unplug } from 'lucide-react'
import { useEffect, useState } from 'react'
import { sawAlerts } from '../../app/alerting.ts'
import { ALERT, alertText, wayOf } from '../../app/alerts.ts'
import { useTitle } from '../../app/pulse.ts'
import { Link } from '../../app/router.tsx'
import { failed, tell } from '../../app/toasts.tsx'
import { Chip } from '../../kit/badge.tsx'
import { Button } from '../../kit/button.tsx'
import { Dialog } from '../../kit/dialog.tsx'
import { Field, TextInput } from '../../kit/field.tsx'
import { Page, Panel, Problem } from '../../kit/panel.tsx'
import { Spark } from '../../kit/spark.tsx'
import { Time } from '../../kit/time.tsx'
import { age, amount, plural, size } from '../../words/numbers.ts'
import { levelOf, type Points, rateOf, samplesOf } from './series.ts'

const ASKED_MS = 5_000

export function SystemPage() {
  useTitle('System')
  const [announcing, setAnnouncing] = useState(false)
  return (
    <Page
      title="System"
      about="What this server and its companions do."
      actions={
        <Button icon={Megaphone} onClick={() => setAnnouncing(true)}>
          Announce
        </Button>
      }
    >
      <Figures />
      <Servers />
      <Connections />
      <Said />
      {announcing && <Announce onClose={() => setAnnouncing(false)} />}
    </Page>
  )
}

function Figures() {
  const now = useNow({ everyMs: 5_000 })
  const { data: samples = [] } = useTopic('metrics', { select: seen => samplesOf(seen.events()) })
  const figures: readonly (readonly [string, Points, string])[] = [
    ['Submitted', rateOf(samples, 'submitted', now), '/s'],
    ['Completed', rateOf(samples, 'completed', now), '/s'],
    ['Failed', rateOf(samples, 'failed', now), '/s'],
    ['Running', levelOf(samples, 'running', now), ''],
    ['Queued', levelOf(samples, 'queued', now), ''],
    ['Viewers', levelOf(samples, 'viewers', now), ''],
  ]
  return (
    <section
      aria-label="The last ten minutes"
      className="grid grid-cols-2 gap-3 md:grid-cols-3 xl:grid-cols-6"
    >
      {figures.map(([name, points, unit]) => (
        <div key={name} className="rounded-lg border border-line bg-card p-3">
          <h2 className="text-xs text-soft">{name}</h2>
          <p className="text-lg font-semibold">
            {points.length > 0 ? amount(Number((points.at(-1)?.[1] ?? 0).toFixed(2))) : '–'}
            {points.length > 0 && unit && <span className="text-sm font-normal text-soft">{unit}</span>}
          </p>
          <div className="mt-1 h-8 overflow-hidden">
            <Spark
              points={points}
              label={`${name} of the last ten minutes`}
              format={value => `${amount(Number(value.toFixed(2)))}${unit}`}
              width={160}
              height={32}
            />
          </div>
        </div>
      ))}
    </section>
  )
}

const CELL = 'px-3 py-1.5 text-left whitespace-nowrap'
const HEAD = `${CELL} text-xs font-normal text-soft`

function Table({
  label,
  head,
  children,
}: {
  label: string
  head: readonly string[]
  children: React.ReactNode
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section aria-label={label} tabIndex={0} className="relative overflow-x-auto">
      <table className="w-full border-collapse text-sm">
        <thead>
          <tr>
            {head.map(word => (
              <th key={word} scope="col" className={HEAD}>
                {word || <span className="sr-only">Actions</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="divide-y divide-line border-t border-line">{children}</tbody>
      </table>
    </section>
  )
}

function Servers() {
  const headway = useHeadway()
  const { data, error } = useQuery({
    queryKey: ['servers'],
    queryFn: () => headway.admin.servers(),
    refetchInterval: ASKED_MS,
  })
  return (
    <Panel bare title={data ? plural(data.servers.length, 'server') : 'Servers'}>
      {error && <Problem error={error} />}
      {(data || !error) && (
        <Table
          label="Servers"
          head={['Server', 'Machine', 'Version', 'Address', 'Started', 'Viewers', 'Workers', 'Heard']}
        >
          {data?.servers.map(server => (
            <tr key={server.id}>
              <td className={CELL}>
                <span className="flex items-center gap-1.5">
                  <code className="text-xs">{server.id}</code>
                  {server.id === data.leader && (
                    <Chip title="It looks after deadlines, retention and samples">leads</Chip>
                  )}
                  {server.id === data.asked && <Chip title="The one this page asked">this one</Chip>}
                </span>
              </td>
              <td className={CELL}>{server.machine}</td>
              <td className={CELL}>{server.version}</td>
              <td className={CELL}>{server.address}</td>
              <td className={CELL}>
                <Time at={server.started_at} />
              </td>
              <td className={CELL}>{amount(server.viewers)}</td>
              <td className={CELL}>{amount(server.workers ?? 0)}</td>
              <td className={CELL}>{age(server.age_s)}</td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  )
}

function Connections() {
  const headway = useHeadway()
  const { data, error, refetch } = useQuery({
    queryKey: ['connections'],
    queryFn: () => headway.admin.connections(),
    refetchInterval: ASKED_MS,
  })
  async function cut(id: string): Promise<void> {
    await tell(headway.admin.cut(id), 'Its link is cut; it may come back.')
    await refetch()
  }
  return (
    <Panel
      bare
      title={
        data
          ? `${plural(data.viewers.length, 'viewer')} and ${plural(data.workers.length, 'worker link')} at this server`
          : 'Connections'
      }
    >
      {error && <Problem error={error} />}
      {(data || !error) && (
        <Table label="Viewers" head={['Viewer', 'From', 'Over', 'For', 'Follows', 'Not drained', '']}>
          {data?.viewers.map(viewer => (
            <tr key={viewer.id}>
              <td className={CELL}>
                <code className="text-xs">{viewer.id}</code>{' '}
                {viewer.subject && <span className="text-soft">{viewer.subject}</span>}
              </td>
              <td className={CELL}>{viewer.address}</td>
              <td className={CELL}>{viewer.transport}</td>
              <td className={CELL}>{age(viewer.connected_s)}</td>
              <td className={`${CELL} max-w-72 truncate`}>
                {viewer.subscriptions.flatMap(each => each.topics).join(', ')}
              </td>
              <td className={CELL}>{size(viewer.buffered)}</td>
              <td className={CELL}>
                <Button
                  small
                  weight="quiet"
                  icon={Unplug}
                  label={`Cut the link of ${viewer.id}`}
                  onClick={() => cut(viewer.id).catch(failed)}
                />
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  )
}

const WORDS: Readonly<Record<string, string>> = {
  'system.started': 'A server started',
  'system.stopping': 'A server is stopping',
  'system.alert': 'Alert',
  'system.announced': 'Announced',
  'system.disconnect_requested': 'A link is to be cut',
}

/** What the system said of itself lately; who reads it has seen the alerts. */
function Said() {
  const { data: events = [] } = useTopic('system', { select: seen => seen.events() })
  useEffect(() => sawAlerts(events), [events])
  return (
    <Panel title="Lately" bare>
      {events.length === 0 && <p className="p-3 text-sm text-soft">Nothing was said lately.</p>}
      <ul className="divide-y divide-line">
        {[...events]
          .reverse()
          .slice(0, 30)
          .map(event => (
            <Word key={event.seq} event={event} />
          ))}
      </ul>
    </Panel>
  )
}

function Word({ event }: { event: WireEvent }) {
  const [isAlert, text, way] = [event.type === ALERT, alertText(event), wayOf(event)]
  return (
    <li className="flex gap-3 px-3 py-1.5 text-sm">
      <span className="shrink-0 text-soft">
        <Time at={event.at} as="day" />
      </span>
      <span
        data-tone={isAlert ? 'failed' : undefined}
        className="tone flex min-w-0 flex-1 flex-wrap gap-x-3 break-words"
      >
        <span className="min-w-0">
          {isAlert && (
            <TriangleAlert aria-hidden size={14} className="tone-text mr-1.5 inline align-[-2px]" />
          )}
          <span className={isAlert ? 'tone-text font-medium' : ''}>{WORDS[event.type] ?? event.type}</span>
          {text && `: ${text}`}
        </span>
        {way && (
          <Link
            to={way.to}
            search={{ show: way.show }}
            className="text-accent hover:underline pointer-coarse:min-h-6"
          >
            {way.word}
          </Link>
        )}
      </span>
    </li>
  )
}

function Announce({ onClose }: { onClose: () => void }) {
  const headway = useHeadway()
  const [message, setMessage] = useState('')
  return (
    <Dialog open onClose={onClose} title="Announce to everybody who looks">
      <form
        className="flex flex-col gap-3"
        onSubmit={event => {
          event.preventDefault()
          onClose()
          void tell(headway.admin.announce(message.trim()), 'Announced.')
        }}
      >
        <Field label="Message" hint="Shown on every open page, and kept in the log.">
          {wiring => (
            <TextInput
              {...wiring}
              required
              maxLength={500}
              value={message}
              onChange={event => setMessage(event.target.value)}
            />
          )}
        </Field>
        <Button type="submit" weight="primary">
          Announce
        </Button>
      </form>
    </Dialog>
  )
}
