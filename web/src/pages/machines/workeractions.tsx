/** What one can do about a worker, each asked before it is done: drain, repair, disconnect. */

import type { WorkerDoc } from '@headway/client'
import { useHeadway } from '@headway/client/react'
import { EllipsisVertical, Hourglass, Unplug, Wrench } from 'lucide-react'
import { useState } from 'react'
import { Folded } from '../../app/ascode.tsx'
import { tell } from '../../app/toasts.tsx'
import { Confirm } from '../../kit/dialog.tsx'
import { Menu } from '../../kit/menu.tsx'
import { plural } from '../../words/numbers.ts'
import { CONNECTED } from './series.ts'

type Ask = 'drain' | 'disconnect' | 'repair'

const ASKS: Readonly<Record<Ask, { readonly title: string; readonly text: string; readonly done: string }>> =
  {
    drain: {
      title: 'Drain',
      text: 'It gets no more work and leaves when what it runs has ended.',
      done: 'draining',
    },
    disconnect: {
      title: 'Disconnect',
      text: 'Its link is closed for good and its process ends. To have it back, start it again where it runs. What it runs ends with it, and is lost (and tried again) once its lease has ended or it is back.',
      done: 'disconnected',
    },
    repair: {
      title: 'Repair',
      text: 'Its link is closed and it says hello again: profile, kinds, services and attempts are settled anew. Nothing that it runs is stopped. Its problems are cleared once what it says agrees with the server.',
      done: 'asked to say hello again',
    },
  }

export function WorkerActions({ worker }: { worker: WorkerDoc }) {
  const headway = useHeadway()
  const [ask, setAsk] = useState<Ask>()
  const gone = !CONNECTED.has(worker.state)
  const carryOut = (what: Ask) => {
    setAsk(undefined)
    void tell(headway.workers[what](worker.id), `${worker.id} is ${ASKS[what].done}.`)
  }
  return (
    <>
      <Menu
        weight="quiet"
        icon={EllipsisVertical}
        label={`Actions for ${worker.id}`}
        items={[
          {
            label: 'Drain',
            icon: Hourglass,
            disabled: gone || Boolean(worker.draining),
            onSelect: () => setAsk('drain'),
          },
          { label: 'Repair', icon: Wrench, disabled: gone, onSelect: () => setAsk('repair') },
          {
            label: 'Disconnect',
            icon: Unplug,
            danger: true,
            disabled: gone,
            onSelect: () => setAsk('disconnect'),
          },
        ]}
      />
      {ask && (
        <Confirm
          open
          title={`${ASKS[ask].title} ${worker.id}?`}
          action={ASKS[ask].title}
          danger={ask === 'disconnect'}
          onConfirm={() => carryOut(ask)}
          onClose={() => setAsk(undefined)}
        >
          <p>{ASKS[ask].text}</p>
          {(worker.load?.busy ?? 0) > 0 && (
            <p className="mt-2 font-medium">It runs {plural(worker.load?.busy ?? 0, 'job')} now.</p>
          )}
          <Folded action={{ do: ask, worker: worker.id }} />
        </Confirm>
      )}
    </>
  )
}
