/**
 * The live picture of a running job in a component. Give it the document of useJob.
 *
 * Must never know how pictures come (picture.ts) or are drawn.
 */
import { useEffect, useState } from 'react'
import { type Picture, PictureFeed } from '../picture.ts'
import type { JobDoc } from '../wire.ts'
import { useHeadway } from './provider.ts'

export interface PreviewAnswer {
  /** The newest that has come, for an `<img>`: its type is the server's finding. It stays when the attempt is over. */
  readonly url: string | undefined
  /** What it shows, in words, if the handler said so. */
  readonly label: string | undefined
  /** When it was made. */
  readonly at: string | undefined
  /** The running attempt shows one; false: `url` is of an attempt that is over, or there was none. */
  readonly isLive: boolean
}

/** How a job looks now. A component for each job: `key={job.id}`. */
export function usePreview(job: Pick<JobDoc, 'id' | 'preview'>): PreviewAnswer {
  const client = useHeadway()
  const { id, preview } = job
  const [picture, setPicture] = useState<Picture>()
  const [feed, setFeed] = useState<PictureFeed>()
  useEffect(() => {
    const made = new PictureFeed(({ version }, signal) => client.preview(id, { version, signal }), setPicture)
    setFeed(made)
    return () => made.close()
  }, [client, id])
  useEffect(() => feed?.want(preview), [feed, preview])
  const { url, preview: shown } = picture ?? {}
  return { url, label: shown?.label, at: shown?.at, isLive: preview !== undefined }
}
