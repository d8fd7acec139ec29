/** The files a job left behind: fetched with the token, saved or shown; pictures by a blob, texts as characters. */

import type { ArtifactDoc, JobDoc } from '@headway/client'
import { useHeadway } from '@headway/client/react'
import { useQuery } from '@tanstack/react-query'
import { Download, Eye, EyeOff, PackageOpen } from 'lucide-react'
import { useEffect, useState } from 'react'
import { tell } from '../../app/toasts.tsx'
import { Button } from '../../kit/button.tsx'
import { Empty, Problem } from '../../kit/panel.tsx'
import { Time } from '../../kit/time.tsx'
import { size } from '../../words/numbers.ts'
import { FINAL } from '../../words/states.ts'
import { save } from './files.ts'
import { type Preview, previewOf } from './previews.ts'

export function Artifacts({ job }: { job: JobDoc }) {
  const files = Object.entries(job.artifacts ?? {})
  if (!files.length) {
    return (
      <Empty icon={PackageOpen} title={FINAL.has(job.state) ? 'It left no files' : 'No files yet'}>
        A handler keeps one with <code className="font-mono">ctx.artifact(name, path)</code>.
      </Empty>
    )
  }
  return (
    <ul className="divide-y divide-line overflow-hidden rounded-lg border border-line bg-card">
      {files.map(([name, file]) => (
        <File key={`${name} ${file.sha256}`} id={job.id} name={name} file={file} />
      ))}
    </ul>
  )
}

interface FileProps {
  id: string
  name: string
  file: ArtifactDoc
}

function File({ id, name, file }: FileProps) {
  const headway = useHeadway()
  const preview = previewOf(name, file)
  const [open, setOpen] = useState(preview?.as === 'image')
  async function download(): Promise<void> {
    const blob = await headway.artifact(id, name)
    save(blob, name.slice(name.lastIndexOf('/') + 1))
  }
  return (
    <li className="p-2 pl-3">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1 text-sm sm:grid sm:grid-cols-[minmax(0,1fr)_minmax(0,13rem)_5rem_11rem_4rem]">
        <span
          className="min-w-0 flex-1 basis-40 truncate font-medium"
          title={`${name}\nsha256 ${file.sha256}`}
        >
          {name}
        </span>
        <span className="truncate text-soft" title={file.type}>
          {file.type}
        </span>
        <span className="text-right text-soft">{size(file.size)}</span>
        <span className="text-soft">
          attempt {file.attempt} · <Time at={file.at} />
        </span>
        <span className="flex justify-end gap-1">
          {preview && (
            <Button
              small
              weight="quiet"
              icon={open ? EyeOff : Eye}
              aria-expanded={open}
              label={open ? `Hide ${name}` : `Show ${name}`}
              onClick={() => setOpen(!open)}
            />
          )}
          <Button
            small
            weight="quiet"
            icon={Download}
            label={`Save ${name}`}
            onClick={() => void tell(download(), `${name} is saved`)}
          />
        </span>
      </div>
      {open && preview && <Shown id={id} name={name} file={file} preview={preview} />}
    </li>
  )
}

function Shown({ id, name, file, preview }: FileProps & { preview: Preview }) {
  const headway = useHeadway()
  const { data, error } = useQuery({
    queryKey: ['artifact', id, name, file.sha256],
    queryFn: async ({ signal }) =>
      new Blob([await headway.artifact(id, name, { signal })], { type: preview.type }),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
  })
  if (error) return <Problem error={error} />
  if (!data) return <div className="mt-2 h-24 rounded bg-well" aria-hidden />
  return preview.as === 'image' ? <Picture blob={data} name={name} /> : <Text blob={data} name={name} />
}

function Picture({ blob, name }: { blob: Blob; name: string }) {
  const [url, setUrl] = useState<string>()
  const [isBroken, setBroken] = useState(false)
  useEffect(() => {
    const made = URL.createObjectURL(blob)
    setUrl(made)
    return () => URL.revokeObjectURL(made)
  }, [blob])
  if (isBroken) return <p className="mt-1 text-sm text-soft">It is no picture that can be shown.</p>
  return url ? (
    <img
      onError={() => setBroken(true)}
      src={url}
      alt={name}
      className="mt-2 max-h-96 max-w-full rounded border border-line object-contain"
    />
  ) : null
}

function Text({ blob, name }: { blob: Blob; name: string }) {
  const [text, setText] = useState('')
  useEffect(() => {
    let here = true
    void blob.text().then(read => here && setText(read))
    return () => {
      here = false
    }
  }, [blob])
  return (
    <section
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      aria-label={name}
      className="mt-2 max-h-96 overflow-auto rounded bg-well"
    >
      <pre className="m-0 p-3 font-mono text-xs leading-5">{text}</pre>
    </section>
  )
}
