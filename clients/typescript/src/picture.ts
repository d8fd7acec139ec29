/**
 * The live picture of a job as an address that an `<img>` can show: one fetch at a time, the newest version next.
 *
 * What is shown stays until the next one is here, so that nothing flickers; while nobody can see the page nothing is
 * fetched. Must never know React, nor how pictures travel. Used by react/preview.ts.
 */
import type { PreviewDoc } from './wire.ts'

export interface Picture {
  /** Of this page alone, and only until the next picture is shown. */
  readonly url: string
  readonly preview: PreviewDoc
}

type Fetch = (preview: PreviewDoc, signal: AbortSignal) => Promise<Blob | undefined>

export class PictureFeed {
  readonly #fetch: Fetch
  readonly #show: (picture: Picture) => void
  readonly #end = new AbortController()
  #wanted: PreviewDoc | undefined
  #isBusy = false
  #url = ''

  constructor(fetch: Fetch, show: (picture: Picture) => void) {
    this.#fetch = fetch
    this.#show = show
    document.addEventListener('visibilitychange', this.#go, { signal: this.#end.signal })
  }

  /** This is the newest; undefined: there is none now, and what is shown stays. */
  want(preview: PreviewDoc | undefined): void {
    this.#wanted = preview
    this.#go()
  }

  close(): void {
    this.#end.abort()
    this.#wanted = undefined
    URL.revokeObjectURL(this.#url)
  }

  readonly #go = (): void => {
    if (!this.#isBusy && this.#wanted && document.visibilityState !== 'hidden') void this.#fetchNewest()
  }

  async #fetchNewest(): Promise<void> {
    const preview = this.#wanted
    if (!preview) return
    this.#wanted = undefined
    this.#isBusy = true
    try {
      const blob = await this.#fetch(preview, this.#end.signal)
      if (blob && !this.#end.signal.aborted) this.#replace(URL.createObjectURL(blob), preview)
    } catch {
      // it is gone, or nobody answers: the next one is another try
    } finally {
      this.#isBusy = false
      this.#go()
    }
  }

  #replace(url: string, preview: PreviewDoc): void {
    const before = this.#url
    this.#url = url
    this.#show({ url, preview })
    URL.revokeObjectURL(before)
  }
}
