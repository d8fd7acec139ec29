/** The files a job left behind: fetched with the token, saved or shown; pictures side by side (gallery.tsx), texts as characters. */

import type { ArtifactDoc, JobDoc } from '@headway/client'
import { useHeadway } from '@headway/client/react'
import { Download, Eye, EyeOff, PackageOpen } from 'lucide-react'
import { useEffect, useState } from 'react'
import { tell } from '../../app/toasts.tsx'
import { Button } from '../../kit/button.tsx'
import { Empty, Problem } from '../../kit/panel.tsx'
import { Time } from '../../kit/time.tsx'
import { size } from '../../words/numbers.ts'
import { FINAL } from '../../words/states.ts'
import { saveArtifact } from './files.ts'
import { Gallery } from './gallery.tsx'
import { useFile } from './picture.ts'
import { type Preview, previewOf, sortedFiles } from './previews.ts'

export function Artifacts({ job }: { job: JobDoc }) {
  const { pictures, others } = sortedFiles(job.artifacts)
  if (!pictures.length && !others.length) {
    return (
      <Empty icon={PackageOpen} title={FINAL.has(job.state) ? 'It left no files' : 'No files yet'}>
        A handler keeps one with <code className="font-mono">ctx.artifact(name, path)</code>.
      </Empty>
    )
  }
  return (
    <div className="flex flex-col gap-3">
      {pictures.length > 0 && <Gallery id={job.id} pictures={pictures} />}
      {others.length > 0 && (
        <ul className="divide-y divide-line overflow-hidden rounded-lg border border-line bg-card">
          {others.map(([name, file]) => (
            <File key={`${name} ${file.sha256}`} id={job.id} name={name} file={file} />
          ))}
        </ul>
      )}
    </div>
  )
}

interface FileProps {
  id: string
  name: string
  file: ArtifactDoc
}

/** One file, to save and, where that is harmless, to look at. */
export function File({ id, name, file }: FileProps) {
  const headway = useHeadway()
  const preview = previewOf(name, file)
  const [open, setOpen] = useState(false)
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
            onClick={() => void tell(saveArtifact(headway, id, name), `${name} is saved`)}
          />
        </span>
      </div>
      {open && preview && <Shown id={id} name={name} file={file} preview={preview} />}
    </li>
  )
}

function Shown({ id, name, file, preview }: FileProps & { preview: Preview }) {
  const { data, error } = useFile(id, name, file, preview.type)
  if (error) return <Problem error={error} />
  if (!data) return <div className="mt-2 h-24 rounded bg-well" aria-hidden />
  return <Text blob={data} name={name} />
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
