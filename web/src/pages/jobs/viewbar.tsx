/** The views as links, the built-in ones first; what is shown now can be saved, and a saved view changed, by everybody. */

import { useHeadway, useSaved } from '@headway/client/react'
import { BookmarkPlus, Ellipsis, Pencil, Pin, PinOff, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { Link } from '../../app/router.tsx'
import { tell } from '../../app/toasts.tsx'
import { Button } from '../../kit/button.tsx'
import { Confirm } from '../../kit/dialog.tsx'
import { Field, Switch, TextInput } from '../../kit/field.tsx'
import { Menu } from '../../kit/menu.tsx'
import { BUILT_IN, bodyOf, savedViews, type View, viewFor } from './views.ts'

interface ViewBarProps {
  q: string
  sort: string | undefined
}
type Asking = { readonly what: 'save' | 'rename' | 'delete'; readonly view: View } | undefined

const TAB =
  'flex h-7 shrink-0 items-center gap-1 rounded-md px-2.5 text-sm text-soft hover:bg-hover hover:text-ink aria-[current=page]:bg-selected aria-[current=page]:font-medium aria-[current=page]:text-ink'

export function ViewBar({ q, sort }: ViewBarProps) {
  const { data = [] } = useSaved('views')
  const [asking, setAsking] = useState<Asking>()
  const own = savedViews(data)
  const views = [...BUILT_IN, ...own]
  const current = viewFor(views, q, sort)
  return (
    <div className="flex min-w-0 items-center gap-1">
      <nav aria-label="Views" className="flex min-w-0 gap-0.5 overflow-x-auto [scrollbar-width:none]">
        {views.map(view => (
          <Link
            key={`${view.saved ?? false} ${view.name}`}
            to="/jobs"
            search={{ q: view.q || undefined, sort: view.sort }}
            exact
            aria-current={view === current ? 'page' : undefined}
            title={view.about ?? (view.q || undefined)}
            className={TAB}
          >
            {view.pinned && <Pin aria-hidden size={12} className="shrink-0" />}
            <span className="max-w-48 truncate">{view.name}</span>
          </Link>
        ))}
      </nav>
      {current?.saved && <OwnMenu view={current} onAsk={setAsking} />}
      {!current && (
        <Button
          small
          weight="quiet"
          icon={BookmarkPlus}
          onClick={() => setAsking({ what: 'save', view: { name: '', q, sort } })}
        >
          Save view
        </Button>
      )}
      <ViewDialog
        key={`${asking?.what} ${asking?.view.name}`}
        asking={asking}
        taken={own}
        onClose={() => setAsking(undefined)}
      />
    </div>
  )
}

function OwnMenu({ view, onAsk }: { view: View; onAsk: (asking: Asking) => void }) {
  const client = useHeadway()
  const pinned = !view.pinned
  const pin = () =>
    tell(
      client.saved.put('views', view.name, bodyOf({ ...view, pinned })),
      `${view.name} is ${pinned ? 'pinned' : 'no longer pinned'}.`,
    )
  return (
    <Menu
      small
      weight="quiet"
      icon={Ellipsis}
      label={`Change the view ${view.name}`}
      items={[
        {
          label: view.pinned ? 'Unpin' : 'Pin to the side',
          icon: view.pinned ? PinOff : Pin,
          onSelect: () => void pin(),
        },
        { label: 'Rename…', icon: Pencil, onSelect: () => onAsk({ what: 'rename', view }) },
        { label: 'Delete…', icon: Trash2, danger: true, onSelect: () => onAsk({ what: 'delete', view }) },
      ]}
    />
  )
}

interface ViewDialogProps {
  asking: Asking
  taken: readonly View[]
  onClose: () => void
}

function ViewDialog({ asking, taken, onClose }: ViewDialogProps) {
  const client = useHeadway()
  const [name, setName] = useState(asking?.view.name ?? '')
  const [pinned, setPinned] = useState(asking?.view.pinned ?? false)
  if (!asking) return null
  const { what, view } = asking
  const given = name.trim()
  const replaces = given !== view.name && taken.some(each => each.name === given)

  async function run(): Promise<void> {
    onClose()
    if (what === 'delete')
      await tell(client.saved.remove('views', view.name), `The view ${view.name} is deleted.`)
    else await tell(store(), `The view ${given} is saved for everybody.`)
  }
  async function store(): Promise<void> {
    await client.saved.put('views', given, bodyOf({ ...view, pinned }))
    if (what === 'rename' && given !== view.name) await client.saved.remove('views', view.name)
  }

  if (what === 'delete')
    return (
      <Confirm
        open
        danger
        title={`Delete the view ${view.name}?`}
        action="Delete"
        onConfirm={run}
        onClose={onClose}
      >
        <p className="text-sm">It is gone for everybody. No job is touched.</p>
      </Confirm>
    )
  return (
    <Confirm
      open
      title={what === 'save' ? 'Save this view' : `Rename ${view.name}`}
      action={replaces ? 'Replace' : 'Save'}
      busy={!given}
      onConfirm={run}
      onClose={onClose}
    >
      <form
        className="flex flex-col gap-2"
        onSubmit={event => {
          event.preventDefault()
          if (given) void run()
        }}
      >
        <Field
          label="Name"
          hint={replaces ? 'A view of this name is there; it will be replaced.' : view.q || 'All jobs'}
        >
          {wiring => (
            <TextInput
              {...wiring}
              data-focus
              maxLength={80}
              value={name}
              onChange={event => setName(event.target.value)}
            />
          )}
        </Field>
        <Switch
          label="Pin to the side"
          checked={pinned}
          onChange={event => setPinned(event.target.checked)}
        />
      </form>
    </Confirm>
  )
}
