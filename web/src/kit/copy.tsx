/** Copying, on plain HTTP too, and every action as the command line, curl or Python would say it. */

import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'
import { Button } from './button.tsx'

/** Put text on the clipboard; where the page has no right to (plain HTTP), by a selection. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copyBySelection(text)
  }
}

function copyBySelection(text: string): boolean {
  const area = document.createElement('textarea')
  area.value = text
  area.setAttribute('readonly', '')
  area.className = 'fixed -left-full'
  const open = document.querySelector('dialog[open]') ?? document.body // what is behind a modal cannot be selected
  open.append(area)
  area.select()
  const copied = document.execCommand('copy')
  area.remove()
  return copied
}

export function CopyButton({
  text,
  label = 'Copy',
  small = true,
}: {
  text: string | (() => string)
  label?: string
  small?: boolean
}) {
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), 1500)
    return () => clearTimeout(timer)
  }, [copied])
  return (
    <Button
      weight="quiet"
      small={small}
      icon={copied ? Check : Copy}
      label={copied ? 'Copied' : label}
      onClick={async () => setCopied(await copyText(typeof text === 'string' ? text : text()))}
    />
  )
}

/** Code with its own copy button. */
export function CodeBlock({ code, label }: { code: string; label: string }) {
  return (
    <div className="relative rounded-md bg-well">
      <section
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        aria-label={label}
        className="overflow-x-auto rounded-md"
      >
        <pre className="m-0 p-3 pr-10 font-mono text-xs leading-5">{code}</pre>
      </section>
      <span className="absolute top-1.5 right-1.5 rounded-md bg-well">
        <CopyButton text={code} label={`Copy ${label}`} />
      </span>
    </div>
  )
}
