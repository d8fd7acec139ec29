/**
 * Which groups of a log are folded. Ends of groups are looked for in the lines that are here, and only then at the server.
 *
 * Nothing is folded until somebody wants it. A group without an end yet hides what comes until its end comes.
 */
import type { Headway, JobLog } from '@headway/client'
import { useEffect, useMemo, useRef, useState } from 'react'
import { failed } from '../../../app/toasts.tsx'
import { parseLine } from './ansi.ts'
import { endAt, type Family, groupsOf, headerOf, lookForEnd, MARKS } from './groups.ts'
import { parsedOf } from './parsed.ts'
import type { Fold } from './rows.ts'

/** So far ahead ends of groups in sight are looked for. */
const AHEAD = 1_000
const NAME = 400

export interface Groups {
  /** In order; `end` is infinite while it has none. */
  readonly folds: readonly Fold[]
  /** Known last line of an unfolded group. */
  endOf(head: number, family: Family): number | undefined
  isFolded(head: number): boolean
  toggle(head: number): Promise<void>
  foldAll(): Promise<void>
  unfoldAll(): void
  /** Open what hides a line. */
  reveal(line: number): void
}

interface Client {
  readonly client: Headway
  readonly log: JobLog
}

export function useGroups(client: Headway, log: JobLog, last: number, version: number): Groups {
  const [folded, setFolded] = useState<ReadonlyMap<number, number>>(new Map())
  const ends = useRef(new Map<number, number>())
  const lookedTo = useRef(new Map<number, number>())
  const folds = useMemo(
    () => [...folded].map(([head, end]) => ({ head, end })).sort((a, b) => a.head - b.head),
    [folded],
  )

  // biome-ignore lint/correctness/useExhaustiveDependencies: `version` says that lines came
  useEffect(() => {
    for (const [head, end] of folded) {
      if (Number.isFinite(end)) continue
      const header = headerAt(log, head)
      const looked = header && lookForEnd(lookedTo.current.get(head) ?? head + 1, last, header, plainIn(log))
      if (looked && 'end' in looked) setFolded(before => new Map(before).set(head, looked.end))
      else if (looked && 'open' in looked) lookedTo.current.set(head, looked.open + 1)
    }
  }, [folded, last, version, log])

  function endOf(head: number, family: Family): number | undefined {
    const known = ends.current.get(head)
    if (known !== undefined) return known
    const looked = lookForEnd(head + 1, Math.min(last, head + AHEAD), family, plainIn(log))
    if (!('end' in looked)) return undefined
    ends.current.set(head, looked.end)
    return looked.end
  }

  return {
    folds,
    endOf,
    isFolded: head => folded.has(head),
    async toggle(head) {
      if (folded.has(head)) {
        setFolded(before => new Map([...before].filter(([each]) => each !== head)))
        return
      }
      try {
        const family = headerAt(log, head)
        const end = family && (await endFrom({ client, log }, head, last, family))
        if (end === undefined) return
        lookedTo.current.set(head, last + 1)
        if (end > head) setFolded(before => new Map(before).set(head, end))
      } catch (error) {
        failed(error)
      }
    },
    async foldAll() {
      try {
        const found = await allGroups({ client, log })
        setFolded(new Map(found.map(({ head, end }) => [head, end])))
      } catch (error) {
        failed(error)
      }
    },
    unfoldAll: () => setFolded(new Map()),
    reveal(line) {
      const hiding = folds.find(fold => fold.head < line && line <= fold.end)
      if (hiding) setFolded(before => new Map([...before].filter(([head]) => head !== hiding.head)))
    },
  }
}

function plainIn(log: JobLog): (number: number) => string | undefined {
  return number => {
    const line = log.get(number)
    return line ? parsedOf(line).plain : log.isAbsent(number) ? '' : undefined
  }
}

function headerAt(log: JobLog, head: number): Family | undefined {
  const line = log.get(head)
  return line && headerOf(parsedOf(line).plain)?.family
}

/** The last line of a group, infinite while it has none. */
async function endFrom({ client, log }: Client, head: number, last: number, family: Family): Promise<number> {
  const looked = lookForEnd(head + 1, last, family, plainIn(log))
  if ('end' in looked) return looked.end
  if ('open' in looked) return Number.POSITIVE_INFINITY
  const found = await Promise.all(
    MARKS[family].map(async contains => {
      for await (const { number, text } of client.logs(log.id, { from: looked.unknown, contains })) {
        const end = endAt(number, parseLine(text, NAME).plain, family)
        if (end !== undefined) return end
      }
      return Number.POSITIVE_INFINITY
    }),
  )
  return Math.min(...found)
}

async function allGroups({ client, log }: Client): Promise<readonly Fold[]> {
  const marked = new Map<number, string>()
  await Promise.all(
    [...MARKS.named, ...MARKS.dashed].map(async contains => {
      for await (const { number, text } of client.logs(log.id, { contains })) {
        marked.set(number, parseLine(text, NAME).plain)
      }
    }),
  )
  const lines = [...marked].map(([number, plain]) => ({ number, plain })).sort((a, b) => a.number - b.number)
  return groupsOf(lines)
}
