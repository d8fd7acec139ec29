/** Where this page lives: the prefix that the server wrote into it. Every URL of the app is built here. */

interface Place {
  readonly base: string
  readonly version: string
  readonly authenticated: boolean
}

const ALONE: Place = { base: '/', version: 'dev', authenticated: false }

function read(): Place {
  const written = document.querySelector<HTMLMetaElement>('meta[name="headway"]')?.content
  if (!written) return ALONE
  const said: Partial<Place> = JSON.parse(written)
  return { ...ALONE, ...said }
}

export const place: Place = read()

/** The server's address without its last slash, as the client wants it: `https://host/prefix`. */
export const serverUrl: string = new URL(place.base, location.href).href.replace(/\/$/, '')

/** An absolute URL below the prefix: `href('jobs/01J…')`. */
export function href(path: string): string {
  return new URL(path.replace(/^\//, ''), `${serverUrl}/`).href
}
