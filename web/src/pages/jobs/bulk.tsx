/** The bar of what is selected: how many, all that match instead, and what can be done with them. */

import { X } from 'lucide-react'
import type { BulkAction } from '../../app/copyas.ts'
import { Button } from '../../kit/button.tsx'
import { Menu } from '../../kit/menu.tsx'
import { amount } from '../../words/numbers.ts'
import { ACTIONS, ACTS } from './acts.ts'
import type { Selection } from './selection.ts'

interface BulkBarProps {
  selection: Selection
  /** How many match, where that is known. */
  total: number | undefined
  /** All that match are loaded and selected. */
  isComplete: boolean
  onAll: () => void
  onClear: () => void
  onAct: (action: BulkAction) => void
}

const FIRST: readonly BulkAction[] = ['cancel', 'retry']

export function BulkBar({ selection, total, isComplete, onAll, onClear, onAct }: BulkBarProps) {
  const { all, ids } = selection
  const number = all
    ? `All${total === undefined ? '' : ` ${amount(total)}`} that match`
    : `${amount(ids.size)} selected`
  return (
    <section
      aria-label="Selected jobs"
      className="pointer-events-auto flex max-w-full flex-wrap items-center justify-center gap-x-2 gap-y-1 rounded-lg border border-line-strong bg-raised py-1.5 pr-1.5 pl-3 text-sm shadow-raised"
    >
      <span role="status" className="font-medium">
        {number}
      </span>
      {!all && !isComplete && (
        <Button small onClick={onAll}>
          Select all{total === undefined ? '' : ` ${amount(total)}`} that match
        </Button>
      )}
      {FIRST.map(action => {
        const { word, icon, danger } = ACTS[action]
        return (
          <Button
            key={action}
            small
            icon={icon}
            weight={danger ? 'danger' : 'plain'}
            onClick={() => onAct(action)}
          >
            {word}
          </Button>
        )
      })}
      <Menu
        small
        items={ACTIONS.filter(action => !FIRST.includes(action)).map(action => ({
          label: ACTS[action].word,
          icon: ACTS[action].icon,
          danger: ACTS[action].danger ?? false,
          onSelect: () => onAct(action),
        }))}
      >
        More
      </Menu>
      <Button small weight="quiet" icon={X} label="Clear the selection" onClick={onClear} />
    </section>
  )
}
