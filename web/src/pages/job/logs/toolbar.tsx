/** The bar above a log: search, levels, how it is shown, copies and downloads, follow. Stays where it is. */
import {
  ArrowDownToLine,
  CircleX,
  Copy,
  Download,
  Layers2,
  type LucideIcon,
  SlidersHorizontal,
} from 'lucide-react'
import type { ReactNode } from 'react'
import { Menu, type MenuItem } from '../../../kit/menu.tsx'
import { Toggle } from './findbar.tsx'
import { ERRORS, LEVELS, levelsWord, sameLevels } from './levels.ts'

interface ToolbarProps {
  readonly find: ReactNode
  readonly levels: readonly string[]
  readonly onLevels: (levels: readonly string[]) => void
  readonly view: readonly MenuItem[]
  readonly copies: readonly MenuItem[]
  readonly downloads: readonly MenuItem[]
  readonly following: boolean
  readonly onFollow: (follow: boolean) => void
}

export function Toolbar(props: ToolbarProps) {
  const { levels, onLevels } = props
  const errors = sameLevels(levels, ERRORS)
  const choices = [...LEVELS].map(([name, { word }]): MenuItem => {
    const has = levels.includes(name)
    return {
      label: word,
      ...ticked(has),
      onSelect: () => onLevels(has ? levels.filter(each => each !== name) : [...levels, name]),
    }
  })
  return (
    <div
      role="toolbar"
      aria-label="Log"
      className="flex flex-wrap items-center gap-x-1 gap-y-2 border-b border-line px-2 py-1.5"
    >
      {props.find}
      <div className="flex items-center gap-0.5">
        <Toggle
          icon={CircleX}
          pressed={errors}
          title="Errors only (e)"
          onClick={() => onLevels(errors ? [] : ERRORS)}
          className="px-2"
        >
          Errors
        </Toggle>
        <Icon
          icon={Layers2}
          label={`Levels: ${levelsWord(levels)}`}
          items={[allLevels(levels, onLevels), ...choices]}
        />
        <Icon icon={SlidersHorizontal} label="How it is shown" items={props.view} />
        <Icon icon={Copy} label="Copy" items={props.copies} />
        <Icon icon={Download} label="Download" items={props.downloads} />
        <Toggle
          icon={ArrowDownToLine}
          pressed={props.following}
          title="Follow the end (f)"
          onClick={() => props.onFollow(!props.following)}
          className="px-2"
        >
          Follow
        </Toggle>
      </div>
    </div>
  )
}

function Icon({ icon, label, items }: { icon: LucideIcon; label: string; items: readonly MenuItem[] }) {
  return <Menu weight="quiet" icon={icon} label={label} items={items} />
}

function allLevels(levels: readonly string[], onLevels: ToolbarProps['onLevels']): MenuItem {
  return { label: 'All levels', ...ticked(levels.length === 0), onSelect: () => onLevels([]) }
}

/** How a menu says that something is on. */
export function ticked(on: boolean): { hint?: string } {
  return on ? { hint: '✓' } : {}
}
