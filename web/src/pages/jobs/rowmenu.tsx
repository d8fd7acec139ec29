/** Everything that can be done with one job, in the menu at the end of its row or card. */

import type { JobState } from '@headway/client'
import { Code, Copy, Ellipsis, Filter, ScrollText } from 'lucide-react'
import { memo } from 'react'
import { Menu, type MenuItem } from '../../kit/menu.tsx'
import { ACTIONS, ACTS } from './acts.ts'
import type { RowDoes } from './rowdoes.ts'

interface RowMenuProps {
  id: string
  state: JobState
  held: boolean
  does: RowDoes
}

export const RowMenu = memo(function RowMenu({ id, state, held, does }: RowMenuProps) {
  const acts = ACTIONS.filter(action => ACTS[action].fits({ state, held })).map((action): MenuItem => {
    const { word, icon, danger = false } = ACTS[action]
    return { label: word, icon, danger, onSelect: () => does.act(action, id) }
  })
  const items: readonly MenuItem[] = [
    ...acts,
    { label: 'Logs', icon: ScrollText, onSelect: () => does.open(id, 'logs') },
    { label: 'Only this kind', icon: Filter, onSelect: () => does.filterBy(id, 'kind') },
    { label: 'Only this queue', icon: Filter, onSelect: () => does.filterBy(id, 'queue') },
    { label: 'Copy id', icon: Copy, onSelect: () => does.copyId(id) },
    { label: 'As CLI, curl, Python…', icon: Code, onSelect: () => does.showCode(id) },
  ]
  return <Menu small weight="quiet" icon={Ellipsis} label="More" items={items} />
})
