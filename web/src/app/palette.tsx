/** ⌘K: go anywhere, do anything that has a shortcut, open a job by its id or search. Loaded when first wanted. */

import { quotedWhereNeeded } from '@headway/client'
import { useKinds, useQueues, useSaved } from '@headway/client/react'
import { Command } from 'cmdk'
import { Bookmark, Boxes, CirclePlus, CornerDownLeft, Layers, type LucideIcon, Search } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { Foreign } from '../kit/foreign.tsx'
import { shortcuts } from './keys.ts'
import { Keys } from './keysheet.tsx'
import { useNavigate } from './router.tsx'

const ROW =
  'flex cursor-pointer items-center gap-2.5 rounded-md px-2.5 py-1.5 text-sm data-[selected=true]:bg-selected'
const GROUP =
  '[&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:py-1 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:text-soft'

/** What opens it: of no use in it. */
const PALETTE_KEYS = 'mod+k'

export function Palette({ open, onClose }: { open: boolean; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    if (open && !dialog.current?.open) {
      dialog.current?.showModal()
      dialog.current?.querySelector('input')?.focus() // the browser would choose the box around it
    } else if (!open) dialog.current?.close()
  }, [open])
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape is the browser's; the click is on what lies behind
    <dialog
      ref={dialog}
      aria-label="Command palette"
      onClose={onClose}
      onClick={event => event.target === dialog.current && onClose()}
      className="mx-auto mt-[12dvh] w-[calc(100vw-24px)] max-w-xl rounded-lg border border-line bg-raised p-0 shadow-raised backdrop:bg-[rgb(10_12_20/45%)]"
    >
      {open && <Commands onDone={onClose} />}
    </dialog>
  )
}

function Commands({ onDone }: { onDone: () => void }) {
  const [commands] = useState(() => shortcuts().filter(each => each.keys !== PALETTE_KEYS)) // as it was opened; the first is chosen
  const navigate = useNavigate()
  const [text, setText] = useState('')
  const { data: kinds = [] } = useKinds()
  const { data: queues = [] } = useQueues()
  const { data: views = [] } = useSaved('views')
  const go = (run: () => void) => () => {
    onDone()
    run()
  }
  const search = (q: string) => go(() => void navigate({ to: '/jobs', search: { q } }))
  const id = text.trim().toUpperCase()
  return (
    <Command label="Commands" loop>
      <div className="flex items-center gap-2 border-b border-line px-3">
        <Search aria-hidden size={16} className="text-soft" />
        <Command.Input
          value={text}
          onValueChange={setText}
          placeholder="Go to, do, or search jobs…"
          className="h-11 w-full bg-transparent text-base outline-none placeholder:text-soft"
        />
      </div>
      <Command.List className="max-h-[50dvh] overflow-auto p-1.5">
        <Command.Empty className="px-3 py-6 text-center text-sm text-soft">
          Nothing by that name.
        </Command.Empty>
        <Command.Group heading="Commands" className={GROUP}>
          {commands.map(each => (
            <Command.Item
              key={`${each.group} ${each.keys}`}
              value={`${each.group} ${each.does}`}
              onSelect={go(each.run)}
              className={ROW}
            >
              <span className="flex-1">{each.does}</span>
              <span className="text-xs text-soft">{each.group}</span>
              <Keys keys={each.keys} />
            </Command.Item>
          ))}
        </Command.Group>
        {views.length > 0 && (
          <Command.Group heading="Views" className={GROUP}>
            {views.map(view => (
              <Row
                key={view.name}
                icon={Bookmark}
                value={`view ${view.name}`}
                onSelect={search(queryOf(view.body))}
              >
                {view.name}
              </Row>
            ))}
          </Command.Group>
        )}
        {kinds.length > 0 && (
          <Command.Group heading="New job" className={GROUP}>
            {kinds.map(kind => (
              <Row
                key={kind.name}
                icon={CirclePlus}
                value={`new ${kind.name} ${kind.title ?? ''}`}
                onSelect={go(() => void navigate({ to: '/new', search: { kind: kind.name } }))}
              >
                {kind.name}
                {kind.title && (
                  <span className="pl-2 text-soft">
                    <Foreign text={kind.title} />
                  </span>
                )}
              </Row>
            ))}
          </Command.Group>
        )}
        {queues.length + kinds.length > 0 && (
          <Command.Group heading="Filter by" className={GROUP}>
            {queues.map(queue => (
              <Row
                key={queue.name}
                icon={Layers}
                value={`queue ${queue.name}`}
                onSelect={search(`queue:${quotedWhereNeeded(queue.name)}`)}
              >
                queue {queue.name}
              </Row>
            ))}
            {kinds.map(kind => (
              <Row
                key={kind.name}
                icon={Boxes}
                value={`kind ${kind.name}`}
                onSelect={search(`kind:${quotedWhereNeeded(kind.name)}`)}
              >
                kind {kind.name}
              </Row>
            ))}
          </Command.Group>
        )}
        {text.trim() && (
          <Command.Group heading="Jobs" className={GROUP} forceMount>
            {/^[0-9A-HJKMNP-TV-Z]{26}$/.test(id) && (
              <Row
                icon={CornerDownLeft}
                value={`open ${text}`}
                onSelect={go(() => void navigate({ to: '/jobs/$id', params: { id } }))}
              >
                Open job <code className="text-xs">{id}</code>
              </Row>
            )}
            <Row icon={Search} value={`search ${text}`} onSelect={search(text.trim())}>
              Search jobs for <b>{text.trim()}</b>
            </Row>
          </Command.Group>
        )}
      </Command.List>
    </Command>
  )
}

function queryOf(body: unknown): string {
  return typeof body === 'object' && body !== null && 'q' in body && typeof body.q === 'string' ? body.q : ''
}

function Row({
  icon: Icon,
  value,
  onSelect,
  children,
}: {
  icon: LucideIcon
  value: string
  onSelect: () => void
  children: React.ReactNode
}) {
  return (
    <Command.Item value={value} onSelect={onSelect} className={ROW}>
      <Icon aria-hidden size={15} className="text-soft" />
      <span className="min-w-0 flex-1 truncate">{children}</span>
    </Command.Item>
  )
}
