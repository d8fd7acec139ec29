/**
 * An address of somebody else's, taken apart so that nobody is deceived about where it leads: only http and https may be
 * opened, the host as the browser understands it stands apart, a name before an `@` is told.
 *
 * Pure. Must never open anything. Used wherever a job names an address.
 */

export interface WebAddress {
  /** The whole of it as the browser would ask for it: what cannot be seen is escaped, the host in ASCII. */
  readonly href: string
  readonly before: string
  readonly host: string
  readonly after: string
  /** It has a name or a password in it, which looks like a host. */
  readonly hasName: boolean
  readonly isSecure: boolean
}

const OPENED: ReadonlySet<string> = new Set(['http:', 'https:'])

/** Undefined: none that may be opened. */
export function webAddress(text: unknown): WebAddress | undefined {
  if (typeof text !== 'string' || !URL.canParse(text)) return undefined
  const url = new URL(text)
  if (!OPENED.has(url.protocol) || !url.host) return undefined
  const name = url.username || url.password ? `${url.username}${url.password && `:${url.password}`}@` : ''
  return {
    href: url.href,
    before: `${url.protocol}//${name}`,
    host: url.host,
    after: `${url.pathname}${url.search}${url.hash}`,
    hasName: name !== '',
    isSecure: url.protocol === 'https:',
  }
}
