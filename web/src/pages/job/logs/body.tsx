/** The rows of a log, each with all that is known of its line: put together for lines.tsx, which only scrolls them. */
import type { Line } from '@headway/client'
import type { LogsAnswer } from '@headway/client/react'
import { useCallback, useMemo, useRef, useState } from 'react'
import { href } from '../../../app/address.ts'
import type { Starts } from './attempts.ts'
import { headerOf } from './groups.ts'
import { type Deed, Lines } from './lines.tsx'
import { parsedOf } from './parsed.ts'
import type { Picked } from './place.ts'
import { Row, type RowHead } from './row.tsx'
import type { Rows } from './rows.ts'
import type { Scrolling } from './scrolling.ts'
import type { Groups } from './usegroups.ts'
import type { Looking } from './uselooking.ts'

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
export function Body(props: BodyProps) {
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
        marks={looking.marks}
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
