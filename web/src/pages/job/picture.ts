/** Files as addresses that an `<img>` can show: fetched with the token, by a blob, when somebody sees where they stand. */

import type { ArtifactDoc } from '@headway/client'
import { useHeadway } from '@headway/client/react'
import { useQuery } from '@tanstack/react-query'
import { type RefObject, useEffect, useRef, useState } from 'react'

/** A file's bytes, of the type that the browser is told. Kept for a minute after the last look. */
export function useFile(id: string, name: string, file: ArtifactDoc, type: string, enabled = true) {
  const headway = useHeadway()
  return useQuery({
    queryKey: ['artifact', id, name, file.sha256],
    queryFn: async ({ signal }) => new Blob([await headway.artifact(id, name, { signal })], { type }),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    enabled,
  })
}

/** An address of the bytes, for as long as the component shows them. */
export function useBlobUrl(blob: Blob | undefined): string | undefined {
  const [url, setUrl] = useState<string>()
  useEffect(() => {
    if (!blob) return undefined
    const made = URL.createObjectURL(blob)
    setUrl(made)
    return () => URL.revokeObjectURL(made)
  }, [blob])
  return url
}

/** True from when the element comes near the window; give it the ref. */
export function useSeen<T extends Element>(): readonly [RefObject<T | null>, boolean] {
  const ref = useRef<T>(null)
  const [isSeen, setSeen] = useState(false)
  useEffect(() => {
    if (!ref.current || isSeen) return undefined
    const watch = new IntersectionObserver(
      entries => entries.some(each => each.isIntersecting) && setSeen(true),
      { rootMargin: '200px' },
    )
    watch.observe(ref.current)
    return () => watch.disconnect()
  }, [isSeen])
  return [ref, isSeen]
}
