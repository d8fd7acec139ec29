/** Buttons: one shape, four weights. An icon alone needs a `label`, which is also its tooltip. */

import type { LucideIcon } from 'lucide-react'
import type { ComponentProps } from 'react'

export type Weight = 'primary' | 'plain' | 'quiet' | 'danger'

const WEIGHTS: Readonly<Record<Weight, string>> = {
  primary: 'bg-accent text-on-accent border-transparent hover:brightness-110',
  plain: 'bg-raised text-ink border-line-strong hover:bg-hover',
  quiet: 'bg-transparent text-soft border-transparent hover:bg-hover hover:text-ink',
  danger: 'bg-raised text-failed border-line-strong hover:bg-hover',
}
const SHAPE =
  'inline-flex items-center justify-center gap-1.5 rounded-md border text-sm font-medium whitespace-nowrap select-none disabled:opacity-50 disabled:pointer-events-none aria-disabled:opacity-50'

export interface ButtonProps extends ComponentProps<'button'> {
  weight?: Weight
  icon?: LucideIcon
  /** Needed where there is no text. */
  label?: string
  busy?: boolean
  small?: boolean
}

export function Button({
  weight = 'plain',
  icon: Icon,
  label,
  busy,
  small,
  children,
  className = '',
  ...rest
}: ButtonProps) {
  const square = children === undefined
  const room = small ? (square ? 'size-6' : 'h-6 px-2 text-xs') : square ? 'size-8' : 'h-8 px-3'
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      aria-busy={busy || undefined}
      disabled={busy || rest.disabled}
      className={`${SHAPE} ${WEIGHTS[weight]} ${room} ${className}`}
      {...rest}
    >
      {Icon && <Icon aria-hidden size={small ? 14 : 16} className={busy ? 'animate-spin' : undefined} />}
      {children}
    </button>
  )
}
