/**
 * The log of one job: put together here of what is searched, filtered, folded, scrolled to and drawn.
 *
 * Opens at the end and follows, or at the lines of the address. Must never know how lines are kept or fetched: that is
 * `useJobLogs`.
 */
import type { Line } from '@headway/client'
import { type LogsAnswer, useConnection, useHeadway, useJob, useJobLogs } from '@headway/client/react'
import { useId, useMemo, useRef, useState } from 'react'
import { href } from '../../../app/address.ts'
import { AsCode } from '../../../app/ascode.tsx'
import { addressOf } from '../../../app/router.tsx'
import { useSettings } from '../../../app/settings.ts'
import { Problem } from '../../../kit/panel.tsx'
import { NewLines, Ticks, useArrivals } from './arrivals.tsx'
import { useAttemptStarts } from './attempts.ts'
import { attemptCount, Blank } from './blank.tsx'
import { Body } from './body.tsx'
import { FindBar } from './findbar.tsx'
import { placeOf } from './finder.ts'
import { Footer } from './footer.tsx'
import type { Deed } from './lines.tsx'
import { copiesOf, downloadsOf, type Shown, viewOf } from './menus.ts'
import { inSight, useFindInAddress, usePicking, useSteps } from './moves.ts'
import { pickedOf, pickedText } from './place.ts'
import { allRows, foundRows, NO_ROWS, type Rows } from './rows.ts'
import { useScrolling } from './scrolling.ts'
import { Toolbar } from './toolbar.tsx'
import { type Groups, useGroups } from './usegroups.ts'
import { useLogKeys } from './usekeys.ts'
import { type Looking, useLooking } from './uselooking.ts'
import { useSelection } from './useselection.ts'
import { WholeLine } from './whole.tsx'
import './logs.css'

const route = addressOf('/jobs/$id')

export function Logs({ id }: { id: string }) {
  return <Viewer key={id} id={id} />
}

function Viewer({ id }: { id: string }) {
  const client = useHeadway()
  const logs = useJobLogs(id)
  const { job } = useJob(id)
  const { fresh } = useConnection()
  const settings = useSettings()
  const { L, find: start } = route.useSearch()
  const picked = useMemo(() => pickedOf(L), [L])
  const looking = useLooking(logs.log, logs.isSuccess, start ?? '')
  const groups = useGroups(client, logs.log, logs.last, logs.version)
  const rows = useRows(logs, looking, groups)
  const scrolling = useScrolling(rows, settings.wrapLogs, picked?.from)
  const starts = useAttemptStarts(client, id, attemptCount(job), logs.last)
  const [whole, setWhole] = useState<Line>()
  const [relative, setRelative] = useState(false)
  const [code, setCode] = useState(false)
  const input = useRef<HTMLInputElement>(null)
  const about = useId()
  const lineAt = (number: number): Line | undefined =>
    looking.filter?.search.get(number) ?? logs.log.get(number)
  const source = { rows, lineAt }
  const onCopy = useSelection(scrolling.element, client, id, source, scrolling.release)
  const isNews = looking.isFiltered ? looking.filter?.state.done === true : logs.isSuccess
  const arrivals = useArrivals(
    looking.isFiltered ? rows.count : logs.last,
    scrolling.following,
    isNews,
    looking.wanted,
  )
  const { current, step } = useSteps(looking, rows, groups, scrolling)
  const { goTo, picking } = usePicking(picked, scrolling, groups)
  useFindInAddress(looking.asked.text)
  useLogKeys({ looking, scrolling, step, input, wrapped: settings.wrapLogs })

  const shown: Shown = {
    client,
    id,
    source,
    picked,
    total: logs.last,
    inSight: () => inSight(rows, scrolling),
    link: href(`jobs/${id}?tab=logs${picked ? `&L=${pickedText(picked)}` : ''}`),
    wanted: looking.wanted,
    filter: looking.filter,
  }

  function onDo(deed: Deed, line: number, shift: boolean): void {
    if (deed === 'fold') {
      scrolling.release()
      void groups.toggle(line)
    } else if (deed === 'whole') setWhole(lineAt(line))
    else picking(line, shift)
  }

  const times = settings.logTimes
    ? relative
      ? Date.parse(job?.started_at ?? logs.log.get(logs.first)?.[1] ?? '')
      : settings.zone
    : undefined
  return (
    <section
      aria-label="Log"
      onCopy={onCopy}
      className="flex min-h-96 basis-96 grow flex-col max-sm:h-[calc(100dvh-8rem)] max-sm:flex-none overflow-hidden rounded-lg border border-line bg-card"
    >
      <Toolbar
        find={
          <FindBar
            input={input}
            asked={looking.asked}
            onAsk={looking.ask}
            onStep={step}
            onLeave={() => {
              looking.ask({ text: '', only: false })
              scrolling.element.current?.focus()
            }}
            says={countOf(looking, current)}
            problem={looking.problem}
          />
        }
        levels={looking.levels}
        onLevels={looking.setLevels}
        view={viewOf({
          settings,
          relative,
          setRelative,
          groups,
          starts,
          goTo,
          toStart: scrolling.toStart,
          toEnd: scrolling.follow,
        })}
        copies={copiesOf(shown, () => setCode(true))}
        downloads={downloadsOf(shown)}
        following={scrolling.following}
        onFollow={on => (on ? scrolling.follow() : scrolling.release())}
      />
      {logs.isError && (
        <div className="p-3">
          <Problem error={logs.error} />
        </div>
      )}
      <div className="relative flex min-h-0 flex-1 flex-col">
        <Body
          {...{
            id,
            logs,
            looking,
            groups,
            rows,
            scrolling,
            starts,
            picked,
            current,
            lineAt,
            onDo,
            times,
            about,
          }}
          wrapped={settings.wrapLogs}
        />
        {rows.count === 0 && <Blank logs={logs} looking={looking} job={job} />}
        {looking.find && !looking.asked.only && (
          <Ticks
            found={looking.find.state.found}
            rows={looking.isFiltered ? rows : undefined}
            first={logs.first}
            last={logs.last}
          />
        )}
        <NewLines count={arrivals} onFollow={scrolling.follow} />
      </div>
      <Footer
        id={about}
        total={logs.last && logs.last - logs.first + 1}
        shown={looking.isFiltered ? rows.count : undefined}
        fresh={fresh}
        isLoading={logs.isLoading}
        tailOnly={logs.tailOnly}
        cut={job?.log_cut}
        error={logs.isError ? null : logs.error}
        search={looking.find ?? looking.filter}
        stopped={looking.stopped}
        onStop={looking.stop}
      />
      <WholeLine line={whole} onClose={() => setWhole(undefined)} />
      <AsCode
        actions={code ? [{ label: 'The log', action: { do: 'logs', id, ...codeOf(looking) } }] : []}
        onClose={() => setCode(false)}
      />
    </section>
  )
}

function useRows({ first, last }: LogsAnswer, looking: Looking, { folds }: Groups): Rows {
  const found = looking.isFiltered ? (looking.filter?.state.found ?? []) : undefined
  return useMemo(
    () => (found ? (found.length ? foundRows(found) : NO_ROWS) : allRows(first, last, folds)),
    [found, first, last, folds],
  )
}

function countOf({ find, asked, stopped }: Looking, current: number | undefined): string {
  if (!asked.text || !find) return ''
  const { found, done, cut } = find.state
  const place = current === undefined ? 0 : placeOf(found, current)
  const count = `${found.length.toLocaleString('en-US')}${(done && !cut) || stopped ? '' : '+'}`
  return place
    ? `${place.toLocaleString('en-US')} of ${count}`
    : `${count} ${found.length === 1 ? 'line' : 'lines'}`
}

function codeOf({ wanted }: Looking): { contains?: string; level?: string } {
  return {
    ...(wanted?.contains ? { contains: wanted.contains } : {}),
    ...(wanted?.levels?.length ? { level: wanted.levels.join(',') } : {}),
  }
}
