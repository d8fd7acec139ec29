/** Modal windows on the browser's own `<dialog>`: focus is kept inside, Escape closes, nothing is injected.
 * What bears `data-focus` has the focus first. */

import { X } from 'lucide-react'
import { type ReactNode, useEffect, useId, useRef } from 'react'
import { Button } from './button.tsx'

interface DialogProps {
  open: boolean
  onClose: () => void
  title: string
  children: ReactNode
  actions?: ReactNode
  /** `most`: as wide as the window, for pictures. */
  wide?: boolean | 'most'
}

const WIDTHS: Readonly<Record<string, string>> = { true: 'max-w-3xl', most: 'max-w-[96rem]' }

export function Dialog({ open, onClose, title, children, actions, wide }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null)
  const heading = useId()
  useEffect(() => {
    const dialog = ref.current
    if (open && dialog && !dialog.open) {
      dialog.showModal()
      dialog.querySelector<HTMLElement>('[data-focus]')?.focus()
    } else if (!open && dialog?.open) dialog.close()
  }, [open])
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape is the browser's; the click is on what lies behind
    <dialog
      ref={ref}
      aria-labelledby={heading}
      onClose={onClose}
      onClick={event => event.target === ref.current && onClose()}
      className={`m-auto max-h-[85dvh] w-[calc(100vw-24px)] rounded-lg border border-line bg-raised p-0 shadow-raised backdrop:bg-[rgb(10_12_20/45%)] ${WIDTHS[String(wide)] ?? 'max-w-lg'}`}
    >
      {open && (
        <div className="flex max-h-[85dvh] flex-col">
          <header className="flex items-center gap-2 border-b border-line py-2 pr-2 pl-4">
            <h2 id={heading} className="min-w-0 flex-1 truncate font-semibold">
              {title}
            </h2>
            <Button weight="quiet" icon={X} label="Close" onClick={onClose} />
          </header>
          <div className="min-h-0 overflow-auto p-4">{children}</div>
          {actions && (
            <footer className="flex flex-wrap justify-end gap-2 border-t border-line px-4 py-3">
              {actions}
            </footer>
          )}
        </div>
      )}
    </dialog>
  )
}

interface ConfirmProps {
  open: boolean
  title: string
  children: ReactNode
  action: string
  danger?: boolean
  busy?: boolean
  onConfirm: () => void
  onClose: () => void
}

/** Asks before what cannot be undone, and names it. */
export function Confirm({ open, title, children, action, danger, busy, onConfirm, onClose }: ConfirmProps) {
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={title}
      actions={
        <>
          <Button onClick={onClose} data-focus={danger || undefined}>
            Not now
          </Button>
          <Button
            data-focus={!danger || undefined}
            weight={danger ? 'danger' : 'primary'}
            busy={busy ?? false}
            onClick={onConfirm}
          >
            {action}
          </Button>
        </>
      }
    >
      {children}
    </Dialog>
  )
}
