/**
 * The log of one job: put together here of what is searched, filtered, folded, scrolled to and drawn.
 *
 * Opens at the end and follows, or at the lines of the address. Must never know how lines are kept or fetched: that is
 * `useJobLogs`.
 */
import type { Line } from '@headway/client'
import { type LogsAnswer, useConnection, useHeadway, useJob, useJobLogs } from '@headway/client/react'
import { useCallback, useEffect, useId, useMemo, useRef, useState } from 'react'
import { href } from '../../../app/address.ts'
import { AsCode } from '../../../app/ascode.tsx'
import { addressOf } from '../../../app/router.tsx'
import { useSettings } from '../../../app/settings.ts'
import { Problem } from '../../../kit/panel.tsx'
import { NewLines, Ticks, useArrivals } from './arrivals.tsx'
import { type Starts, useAttemptStarts } from './attempts.ts'
import { attemptCount, Blank } from './blank.tsx'
import { FindBar } from './findbar.tsx'
import { placeOf, stepTo } from './finder.ts'
import { Footer } from './footer.tsx'
import { headerOf } from './groups.ts'
import { type Deed, Lines } from './lines.tsx'
import { copiesOf, downloadsOf, type Shown, viewOf } from './menus.ts'
import { parsedOf } from './parsed.ts'
import { type Picked, pick, pickedOf, pickedText } from './place.ts'
import { Row, type RowHead } from './row.tsx'
import { allRows, foundRows, NO_ROWS, type Rows } from './rows.ts'
import { type Scrolling, useScrolling } from './scrolling.ts'
import { Toolbar } from './toolbar.tsx'
import { type Groups, useGroups } from './usegroups.ts'
import { useLogKeys } from './usekeys.ts'
import { type Looking, useLooking } from './uselooking.ts'
import { useSelection } from './useselection.ts'
import { WholeLine } from './whole.tsx'
import { ROW } from './window.ts'
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
      className="flex h-[calc(100dvh-8rem)] min-h-96 flex-col overflow-hidden rounded-lg border border-line bg-card"
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

interface BodyProps {
  readonly id: string
  readonly logs: LogsAnswer
  readonly looking: Looking
  readonly groups: Groups
  readonly rows: Rows
  readonly scrolling: Scrolling
  readonly starts: Starts
  readonly picked: Picked | undefined
  readonly current: number | undefined
  readonly lineAt: (number: number) => Line | undefined
  readonly onDo: (deed: Deed, line: number, shift: boolean) => void
  readonly times: 'local' | 'utc' | number | undefined
  readonly about: string
  readonly wrapped: boolean
}

/** The rows, each with what is known of its line. */
function Body(props: BodyProps) {
  const { id, logs, looking, groups, rows, scrolling, starts, picked, current, lineAt, wrapped, times } =
    props
  const digits = String(logs.last).length
  const [longest, setLongest] = useState(0)
  const base = useMemo(() => href(`jobs/${id}?tab=logs&L=`), [id])
  const { log, version } = logs
  const seen = useRef('')
  const widest = useRef(0)
  const onDraw = useCallback(
    (from: number, to: number) => {
      setLongest(widest.current)
      const asked = `${from} ${to} ${version} ${rows.count}`
      if (seen.current === asked || to <= from) return
      seen.current = asked
      if (!looking.isFiltered) log.ensure(rows.lineAt(from), rows.lineAt(to - 1))
    },
    [log, rows, version, looking.isFiltered],
  )
  function draw(number: number, isFirst: boolean) {
    const line = lineAt(number)
    const parsed = line && parsedOf(line)
    widest.current = Math.max(widest.current, parsed?.plain.length ?? 0)
    return (
      <Row
        key={number}
        number={number}
        line={line}
        absent={!line && log.isAbsent(number)}
        href={base + number}
        digits={digits}
        times={times}
        wrapped={wrapped}
        picked={picked !== undefined && number >= picked.from && number <= picked.to}
        current={number === current}
        reachable={isFirst}
        finder={looking.finder}
        head={parsed && !looking.isFiltered ? headOf(number, parsed.plain, groups) : undefined}
        attempt={starts.get(number)}
      />
    )
  }
  const columns = longest + digits + 10 + (times === undefined ? 0 : 13)
  return (
    <Lines
      rows={rows}
      scrolling={scrolling}
      wrapped={wrapped}
      columns={columns}
      draw={draw}
      onDo={props.onDo}
      onDraw={onDraw}
      describedBy={props.about}
    />
  )
}

function headOf(number: number, plain: string, groups: Groups): RowHead | undefined {
  const header = headerOf(plain)
  if (!header) return undefined
  const end = groups.folds.find(fold => fold.head === number)?.end ?? groups.endOf(number, header.family)
  const count = end !== undefined && Number.isFinite(end) ? end - number : undefined
  return { name: header.name, cut: header.cut, folded: groups.isFolded(number), count }
}

function useRows({ first, last }: LogsAnswer, looking: Looking, { folds }: Groups): Rows {
  const found = looking.isFiltered ? (looking.filter?.state.found ?? []) : undefined
  return useMemo(
    () => (found ? (found.length ? foundRows(found) : NO_ROWS) : allRows(first, last, folds)),
    [found, first, last, folds],
  )
}

/** The first and the last line that are in sight. */
function inSight(rows: Rows, { top, span }: Scrolling): readonly [from: number, to: number] {
  const last = Math.min(rows.count - 1, Math.ceil((top + span.view) / ROW) - 1)
  return [
    rows.lineAt(Math.min(Math.round(top / ROW), Math.max(0, rows.count - 1))),
    rows.lineAt(Math.max(0, last)),
  ]
}

/** Stepping through what was found. */
function useSteps(looking: Looking, rows: Rows, groups: Groups, scrolling: Scrolling) {
  const [current, setCurrent] = useState<number>()
  const [sought, seek] = useState(looking.asked)
  if (sought.text !== looking.asked.text) {
    seek(looking.asked)
    setCurrent(undefined)
  }
  function step(back: boolean): void {
    const { found = [] } = looking.find?.state ?? {}
    const [begin, end] = inSight(rows, scrolling)
    const next = stepTo(found, current ?? (back ? end + 1 : begin - 1), back)
    if (next === undefined) return
    setCurrent(next)
    groups.reveal(next)
    scrolling.show(next)
  }
  return { current, step }
}

/** Lines picked by a click, which the address holds; and where the address leads. */
function usePicking(picked: Picked | undefined, scrolling: Scrolling, groups: Groups) {
  const navigate = route.useNavigate()
  const own = useRef(picked && pickedText(picked))
  const { show } = scrolling
  const latest = useRef({ show, reveal: groups.reveal })
  useEffect(() => {
    latest.current = { show, reveal: groups.reveal }
  })
  useEffect(() => {
    const text = picked && pickedText(picked)
    if (picked && text !== own.current) {
      latest.current.reveal(picked.from)
      latest.current.show(picked.from, true)
    }
    own.current = text
  }, [picked])
  return {
    goTo: (line: number) => {
      groups.reveal(line)
      show(line, true)
    },
    picking(line: number, extend: boolean) {
      const next = pick(picked, line, extend)
      own.current = next && pickedText(next)
      scrolling.release()
      void navigate({
        search: before => ({ ...before, tab: 'logs', L: next && pickedText(next) }),
        replace: true,
      })
    },
  }
}

/** What is searched for stands in the address, so that whoever has the link sees the same. */
function useFindInAddress(text: string): void {
  const navigate = route.useNavigate()
  const { find = '' } = route.useSearch()
  useEffect(() => {
    if (text === find) return
    const timer = setTimeout(() => {
      void navigate({
        search: before => ({ ...before, find: text || undefined }),
        replace: true,
      })
    }, 500)
    return () => clearTimeout(timer)
  }, [text, find, navigate])
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
