/** How a running job looks now: the newest picture its handler has shown, in a box that stays as it is. */

import type { JobDoc } from '@headway/client'
import { usePreview } from '@headway/client/react'
import { Age } from '../../kit/time.tsx'
import { FINAL } from '../../words/states.ts'

/** Nothing until the first picture is here, and nothing once the job has ended: what it leaves are files. */
export function LivePicture({ job }: { job: JobDoc }) {
  const { url, label, at, isLive } = usePreview(job)
  if (!url || FINAL.has(job.state)) return null
  return (
    <section
      aria-label="Live picture"
      className="grid grid-rows-[1fr] transition-[grid-template-rows,opacity] duration-300 starting:grid-rows-[0fr] starting:opacity-0"
    >
      <figure className="m-0 flex min-h-0 flex-col overflow-hidden rounded-lg border border-line bg-card">
        <figcaption className="flex min-h-10 items-center gap-2 border-b border-line px-3 py-1.5 text-sm">
          <span
            aria-hidden
            className={`tone tone-fill size-2 shrink-0 rounded-full ${isLive ? 'motion-safe:animate-pulse' : ''}`}
            data-tone={isLive ? 'running' : 'soft'}
          />
          <span className="shrink-0 font-semibold">{isLive ? 'Live picture' : 'Last picture'}</span>
          <span className="min-w-0 flex-1 truncate" title={label}>
            {label}
          </span>
          <span className="shrink-0 text-xs text-soft">
            {!isLive && 'of an attempt that is over, '}
            {at && <Age since={at} />} ago
          </span>
        </figcaption>
        <div className="grid h-60 place-items-center bg-well sm:h-80">
          <img
            src={url}
            alt={label ?? `What ${job.kind} looks like now`}
            className={`size-full min-h-0 object-contain ${isLive ? '' : 'opacity-50'}`}
          />
        </div>
      </figure>
    </section>
  )
}
