// biome-ignore-all lint/a11y/useSemanticElements: rows that stand at places of their own cannot be a <table>
// biome-ignore-all lint/a11y/useFocusableInteractive: the focus goes to whole rows
/** The heads of the columns; they stay while the rows scroll under them. */

import { COLUMNS } from './row.tsx'

const NAMES = [
  ['State', ''],
  ['Job', ''],
  ['Doing', ''],
  ['Progress', ''],
  ['Time left', 'text-right max-lg:hidden'],
  ['Queue', 'max-xl:hidden'],
  ['Worker', 'max-xl:hidden'],
  ['Age', 'text-right max-lg:hidden'],
  ['Took', 'text-right'],
] as const

interface HeadProps {
  isAll: boolean
  isSome: boolean
  onAll: () => void
}

export function Head({ isAll, isSome, onAll }: HeadProps) {
  return (
    <div role="rowgroup" className="sticky top-0 z-10">
      <div
        role="row"
        aria-rowindex={1}
        className={`${COLUMNS} h-[34px] items-center border-b border-line bg-card text-xs text-soft`}
      >
        <div role="columnheader">
          <label className="flex h-8 items-center justify-center">
            <input
              type="checkbox"
              aria-label="Select all that are loaded"
              checked={isAll}
              ref={box => {
                if (box) box.indeterminate = isSome && !isAll
              }}
              onChange={onAll}
              className="size-4 shrink-0 accent-accent"
            />
          </label>
        </div>
        {NAMES.map(([name, className]) => (
          <div key={name} role="columnheader" className={`truncate px-1.5 ${className}`}>
            {name}
          </div>
        ))}
        <div role="columnheader" className="px-1.5">
          <span className="sr-only">Actions</span>
        </div>
      </div>
    </div>
  )
}
