/**
 * The jobs page: counts, views, search, the list, and what one does with it. The address is its state: filter and sort.
 *
 * Puts the parts together and knows what each may ask of the others; how each looks, and what it decides, is its own.
 */

import { quotedWhereNeeded } from '@headway/client'
import { useJobs } from '@headway/client/react'
import { CirclePlus } from 'lucide-react'
import { type KeyboardEvent, lazy, type ReactNode, Suspense, useRef, useState } from 'react'
import { whenThere } from '../../app/loading.ts'
import { useKeptList } from '../../app/neighbours.ts'
import { useTitle } from '../../app/pulse.ts'
import { useNavigate } from '../../app/router.tsx'
import { done } from '../../app/toasts.tsx'
import { Button } from '../../kit/button.tsx'
import { copyText } from '../../kit/copy.tsx'
import { Page } from '../../kit/panel.tsx'
import { shortId } from '../../words/jobs.ts'
import { useAddress } from './address.ts'
import { useAsking } from './asking.ts'
import { BulkBar } from './bulk.tsx'
import { BulkProgress } from './bulkprogress.tsx'
import { chipsOf, filterOf, toggled } from './chips.ts'
import { useChoosing } from './choosing.ts'
import { useCounts } from './counts.ts'
import { FilterBox } from './filterbox.tsx'
import { List } from './list.tsx'
import { useOffers } from './offers.ts'
import { type KeysDo, ROW_KEYS, useJobsKeys } from './pagekeys.ts'
import { usePhone } from './phone.ts'
import { type RowDoes, useStable } from './rowdoes.ts'
import { everything, holdsAll, isEmpty, NOTHING } from './selection.ts'
import { StateCards } from './statecards.tsx'
import { StatusLine } from './statusline.tsx'
import { useHold, useStill } from './still.ts'
import type { TableHandle } from './table.tsx'
import { ViewBar } from './viewbar.tsx'
import { useConnectedWorkers } from './workers.ts'

// what is only wanted once somebody acts is loaded then
const AsCode = lazy(
  whenThere(() => import('../../app/ascode.tsx').then(module => ({ default: module.AsCode }))),
)
const ActDialog = lazy(
  whenThere(() => import('./actdialog.tsx').then(module => ({ default: module.ActDialog }))),
)

export function JobsPage(): ReactNode {
  const navigate = useNavigate()
  const address = useAddress()
  const { q, sort, setQ } = address
  const isPhone = usePhone()
  const [pausedIn, setPausedIn] = useState<string>() // another filter begins to move again
  const shown = `${sort} ${q}`
  const isPaused = pausedIn === shown
  const [isPointed, setPointed] = useState(false)
  const [isScrolled, setScrolled] = useState(false)
  const [isSearched, setSearched] = useState(false)
  const jobs = useStill(useJobs({ q, sort, rows: false, enabled: !isPaused }), isPaused)
  const table = useRef<TableHandle>(null)
  const input = useRef<HTMLInputElement>(null)
  const choosing = useChoosing(q, jobs.ids, table)
  const { selection, active } = choosing
  const asking = useAsking(id => jobs.list.row(id))
  const seen = useOffers(jobs.list, isSearched)
  const counts = useCounts(jobs, q)
  const waiting = counts?.queued ?? 0
  const hasNoWorker = useConnectedWorkers(waiting > 0) === 0 && waiting > 0
  const hasSelected = !isEmpty(selection)
  useHold(jobs.hold, isPointed || isScrolled || hasSelected || active !== undefined)
  useTitle('Jobs')
  useKeptList(jobs.ids, q, sort)

  const open = (id: string, tab?: string) =>
    void navigate({ to: '/jobs/$id', params: { id }, search: tab ? { tab } : {} })
  const filterBy = (id: string, key: 'kind' | 'queue') => {
    const value = jobs.list.row(id)?.[key]
    const others = chipsOf(q).filter(chip => !chip.startsWith(`${key}:`))
    if (value) setQ(filterOf([...others, `${key}:${quotedWhereNeeded(value)}`]))
  }
  const copyId = async (id: string) => {
    if (await copyText(id)) done(`Copied ${id}.`)
  }
  const rowDoes: RowDoes = {
    activate: choosing.activate,
    select: choosing.select,
    open,
    act: (action, id) => asking.ask(action, [id]),
    copyId: id => void copyId(id),
    showCode: asking.showCode,
    filterBy,
  }
  const does = useStable(rowDoes)

  function clear(): void {
    if (hasSelected) choosing.set(NOTHING)
    else if (document.activeElement instanceof HTMLElement) {
      document.activeElement.blur()
      choosing.activate(undefined)
    }
  }
  function showNew(): void {
    jobs.showNew()
    table.current?.toTop()
  }
  const keysDo: KeysDo = {
    search: () => input.current?.focus(),
    move: choosing.move,
    select: isRange => active !== undefined && choosing.select(active, isRange),
    selectAll: choosing.selectAll,
    open: tab => active !== undefined && open(active, tab),
    act: action => (selection.all ? asking.askAll(action, q) : asking.ask(action, choosing.meant())),
    errorsOnly: () => setQ(filterOf(toggled(chipsOf(q), ['failed']))),
    pause: () => setPausedIn(isPaused ? undefined : shown),
    clear,
  }
  useJobsKeys(keysDo)
  function pressed(event: KeyboardEvent<HTMLElement>): void {
    const run = ROW_KEYS[event.key]
    const onRow = event.target instanceof HTMLElement && event.target.role === 'row'
    if (!run || !onRow || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    run(keysDo)
  }

  return (
    <Page
      title="Jobs"
      full={!isPhone}
      actions={
        <Button weight="primary" icon={CirclePlus} onClick={() => void navigate({ to: '/new' })}>
          New job
        </Button>
      }
    >
      <StateCards counts={counts} q={q} onFilter={setQ} />
      <ViewBar q={q} sort={sort === 'created' ? undefined : sort} />
      <FilterBox
        q={q}
        onFilter={setQ}
        seen={seen}
        problem={jobs.error?.code === 'invalid_input' ? jobs.error : null}
        input={input}
        onFocus={() => setSearched(true)}
      />
      <StatusLine
        jobs={jobs}
        sort={sort}
        onSort={address.setSort}
        isPaused={isPaused}
        onPause={keysDo.pause}
        hasNoWorker={hasNoWorker}
      />
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the rows have the roles; this hears their keys and the pointer */}
      <div
        className="flex min-h-0 flex-1 flex-col"
        onKeyDown={pressed}
        onPointerEnter={event => event.pointerType === 'mouse' && setPointed(true)}
        onPointerLeave={() => setPointed(false)}
      >
        <List
          q={q}
          jobs={jobs}
          isPhone={isPhone}
          isPaused={isPaused}
          selection={selection}
          active={active}
          does={does}
          handle={table}
          onSelectAll={choosing.selectAll}
          onScrolled={setScrolled}
          onClear={() => setQ('')}
          onShowNew={showNew}
        >
          {asking.begun && (
            <BulkProgress
              key={asking.begun.job}
              {...asking.begun}
              onDismiss={() => asking.setBegun(undefined)}
            />
          )}
          {hasSelected && (
            <BulkBar
              selection={selection}
              total={jobs.total}
              isComplete={jobs.complete && holdsAll(selection, jobs.ids)}
              onAll={() => choosing.set(everything(jobs.ids))}
              onClear={() => choosing.set(NOTHING)}
              onAct={action => asking.askSelected(action, selection, q)}
            />
          )}
        </List>
      </div>
      <Suspense>
        {asking.asked && (
          <ActDialog
            asked={asking.asked}
            onClose={() => {
              asking.close()
              if (active !== undefined) table.current?.focus(active)
            }}
            onBegun={(job, action) => {
              asking.setBegun({ job, action })
              choosing.set(NOTHING)
            }}
            onRetried={id => done(`It runs again as ${shortId(id)}.`, { label: 'Open', run: () => open(id) })}
          />
        )}
        {asking.code.length > 0 && <AsCode actions={asking.code} onClose={asking.close} />}
      </Suspense>
    </Page>
  )
}
