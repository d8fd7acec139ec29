/** The menus of a log: what can be shown otherwise, copied and downloaded. */
import type { Headway, LogQuery, Wanted } from '@headway/client'
import { change, type Settings } from '../../../app/settings.ts'
import { done, failed, tell } from '../../../app/toasts.tsx'
import { copyText } from '../../../kit/copy.tsx'
import type { MenuItem } from '../../../kit/menu.tsx'
import { plural, size } from '../../../words/numbers.ts'
import { save } from '../files.ts'
import type { Starts } from './attempts.ts'
import { download, type Format } from './download.ts'
import { type Picked, pickedText } from './place.ts'
import { MOST_COPIED, type Source, textsOf } from './texts.ts'
import { ticked } from './toolbar.tsx'
import type { Found } from './usefind.ts'
import type { Groups } from './usegroups.ts'

interface View {
  readonly settings: Settings
  readonly relative: boolean
  readonly setRelative: (relative: boolean) => void
  readonly groups: Groups
  readonly starts: Starts
  readonly goTo: (line: number) => void
  readonly toStart: () => void
  readonly toEnd: () => void
}

export function viewOf({
  settings,
  relative,
  setRelative,
  groups,
  starts,
  goTo,
  toStart,
  toEnd,
}: View): MenuItem[] {
  const times = settings.logTimes
  return [
    { label: 'Times', ...ticked(times), onSelect: () => change({ logTimes: !times }) },
    {
      label: 'Times since the start',
      ...ticked(times && relative),
      onSelect() {
        setRelative(!(times && relative))
        change({ logTimes: true })
      },
    },
    {
      label: 'Wrap long lines',
      ...ticked(settings.wrapLogs),
      onSelect: () => change({ wrapLogs: !settings.wrapLogs }),
    },
    { label: 'Fold all groups', onSelect: () => void groups.foldAll() },
    { label: 'Unfold all groups', disabled: !groups.folds.length, onSelect: groups.unfoldAll },
    { label: 'To the first line', onSelect: toStart },
    { label: 'To the last line', onSelect: toEnd },
    ...[...starts].map(([line, attempt]) => ({ label: `To attempt ${attempt}`, onSelect: () => goTo(line) })),
  ]
}

/** What a copy or a download is made of. */
export interface Shown {
  readonly client: Headway
  readonly id: string
  readonly source: Source
  readonly picked: Picked | undefined
  /** The first and last line in sight. */
  readonly inSight: () => readonly [from: number, to: number]
  readonly total: number
  readonly link: string
  readonly wanted: Wanted | undefined
  readonly filter: Found | undefined
}

export function copiesOf(shown: Shown, asCode: () => void): MenuItem[] {
  const { client, id, source, picked, total, inSight, link } = shown
  const lines = (from: number, to: number): void => void copyLines(client, id, source, from, to)
  return [
    {
      label: picked ? `Lines ${pickedText(picked)}` : 'The picked lines',
      disabled: !picked,
      onSelect: () => picked && lines(picked.from, picked.to),
    },
    { label: 'Lines in sight', onSelect: () => lines(...inSight()) },
    { label: 'Everything shown', disabled: total === 0, onSelect: () => lines(1, total) },
    {
      label: picked ? 'Link to these lines' : 'Link to this log',
      onSelect: () => void said(copyText(link), 'Link copied'),
    },
    { label: 'As CLI, curl, Python', onSelect: asCode },
  ]
}

async function copyLines(
  client: Headway,
  id: string,
  source: Source,
  from: number,
  to: number,
): Promise<void> {
  try {
    const texts = await textsOf(client, id, source, from, to)
    const more = texts.length >= MOST_COPIED ? `, no more than that: download the log for all` : ''
    const text = texts.join('\n')
    await said(copyText(text), `${plural(texts.length, 'line')} copied (${size(text.length)})${more}`)
  } catch (error) {
    failed(error)
  }
}

async function said(copying: Promise<boolean>, text: string): Promise<void> {
  if (await copying) done(text)
  else failed(new Error('This browser does not let the page copy.'))
}

export function downloadsOf({ client, id, wanted, filter, total }: Shown): MenuItem[] {
  const whole = (format: Format) => () => void tell(download(client, id, format, {}), 'Log downloaded')
  const some = (format: Format) => () =>
    wanted?.test
      ? filter && saveFound(id, filter, format)
      : void tell(download(client, id, format, queryOf(wanted), '.filtered'), 'Filtered log downloaded')
  return [
    { label: `Whole log, ${plural(total, 'line')}`, hint: '.log', onSelect: whole('text') },
    { label: 'Whole log with times and levels', hint: '.jsonl', onSelect: whole('jsonl') },
    { label: 'Only what is shown', hint: '.log', disabled: !wanted, onSelect: some('text') },
    { label: 'Only what is shown, with times', hint: '.jsonl', disabled: !wanted, onSelect: some('jsonl') },
  ]
}

function queryOf(wanted: Wanted | undefined): LogQuery {
  const { contains, ignoreCase, levels } = wanted ?? {}
  return {
    ...(contains ? { contains } : {}),
    ...(contains && ignoreCase ? { ignore_case: true } : {}),
    ...(levels?.length ? { level: levels.join(',') } : {}),
  }
}

/** What a pattern found: only this page knows it. */
function saveFound(id: string, { search, state }: Found, format: Format): void {
  const lines = state.found.map(number => search.get(number)).filter(line => line !== undefined)
  const texts = lines.map(([number, at, level, text]) =>
    format === 'text' ? `${text}\n` : `${JSON.stringify({ number, at, level, text })}\n`,
  )
  save(new Blob(texts, { type: 'text/plain' }), `${id}.filtered.${format === 'text' ? 'log' : 'jsonl'}`)
  const more = state.done ? '' : ', as far as it was searched'
  done(`${plural(lines.length, 'line')} downloaded${more}`)
}
