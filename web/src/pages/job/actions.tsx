/** What can be done to the job, as buttons, a menu and keys; questions that come first are asked in dialogs.tsx. */

import type { JobDoc } from '@headway/client'
import { useHeadway } from '@headway/client/react'
import {
  ArrowUpDown,
  Ban,
  Bell,
  BellOff,
  Code,
  Download,
  FileDown,
  Hand,
  History,
  Pencil,
  Play,
  RotateCcw,
  Trash2,
} from 'lucide-react'
import { useState } from 'react'
import { useConsent } from '../../app/consent.tsx'
import { useKeys } from '../../app/keys.ts'
import { useNavigate } from '../../app/router.tsx'
import { tell } from '../../app/toasts.tsx'
import { useWatched, watchJob } from '../../app/watching.ts'
import { Button } from '../../kit/button.tsx'
import { Menu, type MenuItem } from '../../kit/menu.tsx'
import { shortId } from '../../words/jobs.ts'
import { deedsOf } from './deeds.ts'
import { CancelDialog, CopyDialog, PriorityDialog, RemoveDialog } from './dialogs.tsx'
import { saveEvents, saveLog } from './files.ts'

type Asked = 'cancel' | 'priority' | 'remove' | 'copy' | undefined

interface ActionsProps {
  job: JobDoc
  onLookBack: () => void
}

export function Actions({ job, onLookBack }: ActionsProps) {
  const headway = useHeadway()
  const navigate = useNavigate()
  const [asked, setAsked] = useState<Asked>()
  const [retrying, setRetrying] = useState(false)
  const consent = useConsent()
  const can = deedsOf(job)
  const items = useMenu(job, setAsked, onLookBack)

  async function retry(): Promise<void> {
    if (!can.retry || retrying) return
    if (!(await consent.askAgain(job))) return
    setRetrying(true)
    const made = await tell(headway.retry(job.id), made => `Runs again as …${shortId(made.id)}`)
    setRetrying(false)
    if (made) await navigate({ to: '/jobs/$id', params: { id: made.id } })
  }
  useKeys([
    { keys: 'c', does: 'Cancel this job', group: 'Job', run: () => can.cancel && setAsked('cancel') },
    { keys: 'r', does: 'Retry this job', group: 'Job', run: () => void retry() },
  ])
  const close = () => setAsked(undefined)
  return (
    <div className="flex gap-2 max-sm:w-[calc(100dvw-24px)] max-sm:[&>button]:h-11">
      {(can.cancel || can.cancelling) && (
        <Button
          weight="danger"
          icon={Ban}
          disabled={can.cancelling}
          onClick={() => setAsked('cancel')}
          className="max-sm:flex-1"
        >
          {can.cancelling ? 'Cancelling…' : 'Cancel'}
        </Button>
      )}
      {can.retry && (
        <Button
          icon={RotateCcw}
          busy={retrying}
          weight={job.state === 'completed' ? 'plain' : 'primary'}
          onClick={retry}
          className="max-sm:flex-1"
        >
          Retry
        </Button>
      )}
      <WatchButton job={job} />
      <Menu label="More actions" weight="plain" items={items}>
        More
      </Menu>
      <CancelDialog job={job} open={asked === 'cancel'} onClose={close} />
      <PriorityDialog job={job} open={asked === 'priority'} onClose={close} />
      <RemoveDialog job={job} open={asked === 'remove'} onClose={close} />
      <CopyDialog job={job} open={asked === 'copy'} onClose={close} />
      {consent.dialog}
    </div>
  )
}

function WatchButton({ job }: { job: JobDoc }) {
  const watched = useWatched(job.id)
  if (!deedsOf(job).watch) return null
  return (
    <Button
      icon={watched ? BellOff : Bell}
      aria-pressed={watched}
      label={watched ? 'Do not tell me when it ends' : 'Tell me when it ends'}
      onClick={() => watchJob(job.id)}
      className="max-sm:w-11"
    />
  )
}

function useMenu(job: JobDoc, ask: (asked: Asked) => void, onLookBack: () => void): readonly MenuItem[] {
  const headway = useHeadway()
  const navigate = useNavigate()
  const can = deedsOf(job)
  const all: readonly (MenuItem & { readonly if?: boolean })[] = [
    {
      label: 'Edit and run again',
      icon: Pencil,
      onSelect: () => void navigate({ to: '/new', search: { from: job.id } }),
    },
    { label: 'Hold', icon: Hand, if: can.hold, onSelect: () => void tell(headway.hold(job.id), 'Held') },
    {
      label: 'Release',
      icon: Play,
      if: can.release,
      onSelect: () => void tell(headway.release(job.id), 'Released'),
    },
    { label: 'Change priority', icon: ArrowUpDown, if: can.priority, onSelect: () => ask('priority') },
    { label: 'Look back in time', icon: History, onSelect: onLookBack },
    { label: 'Copy as CLI, curl, Python', icon: Code, onSelect: () => ask('copy') },
    {
      label: 'Download the log',
      icon: Download,
      onSelect: () => void tell(saveLog(headway, job.id), 'The log is saved'),
    },
    {
      label: 'Export its events',
      icon: FileDown,
      onSelect: () => void tell(saveEvents(headway, job.id), 'The events are saved'),
    },
    { label: 'Delete', icon: Trash2, danger: true, if: can.remove, onSelect: () => ask('remove') },
  ]
  return all.filter(item => item.if !== false)
}
