/** All shortcuts that work here, by group. */

import { Dialog } from '../kit/dialog.tsx'
import { type Shortcut, shortcuts } from './keys.ts'
import { useSettings } from './settings.ts'

export function KeySheet({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { letterKeys } = useSettings()
  const groups = open ? Object.entries(Object.groupBy(shortcuts(), each => each.group)) : []
  return (
    <Dialog open={open} onClose={onClose} title="Keyboard" wide>
      {!letterKeys && (
        <p className="mb-3 text-sm text-warn">Single letters are switched off in the settings.</p>
      )}
      <div className="grid gap-x-8 gap-y-4 sm:grid-cols-2">
        {groups.map(([group, list = []]) => (
          <section key={group}>
            <h3 className="mb-1 text-sm font-semibold">{group}</h3>
            <dl>
              {list.map(each => (
                <div key={each.keys} className="flex items-center justify-between gap-3 py-0.5 text-sm">
                  <dt>{each.does}</dt>
                  <dd className="m-0 shrink-0">
                    <Keys keys={each.keys} />
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  )
}

const MAC = /mac|iphone|ipad/i.test(navigator.userAgent)
const WORDS: Readonly<Record<string, string>> = {
  mod: MAC ? '⌘' : 'Ctrl',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Escape: 'Esc',
  Enter: '↵',
}

export function Keys({ keys }: { keys: Shortcut['keys'] }) {
  const parts = keys.split(' ').flatMap(part => part.split('+'))
  return (
    <span className="inline-flex gap-1">
      {parts.map((part, index) => (
        <kbd
          // biome-ignore lint/suspicious/noArrayIndexKey: the same key may come twice
          key={index}
          className="min-w-5 rounded border border-line-strong bg-well px-1 text-center font-sans text-xs"
        >
          {WORDS[part] ?? part}
        </kbd>
      ))}
    </span>
  )
}
