/** The pictures among a job's files, side by side; each opens large, and the keys go from one to the next. */

import { useHeadway } from '@headway/client/react'
import { ChevronLeft, ChevronRight, Download, ImageOff, Maximize, Minimize } from 'lucide-react'
import { useEffect, useState } from 'react'
import { tell } from '../../app/toasts.tsx'
import { Button } from '../../kit/button.tsx'
import { Dialog } from '../../kit/dialog.tsx'
import { Problem } from '../../kit/panel.tsx'
import { Time } from '../../kit/time.tsx'
import { size } from '../../words/numbers.ts'
import { saveArtifact } from './files.ts'
import { useBlobUrl, useFile, useSeen } from './picture.ts'
import type { Picture } from './previews.ts'

interface GalleryProps {
  id: string
  pictures: readonly Picture[]
}

export function Gallery({ id, pictures }: GalleryProps) {
  const [open, setOpen] = useState<string>()
  const index = pictures.findIndex(each => each.name === open)
  const shown = pictures[index]
  return (
    <>
      <ul
        aria-label="Pictures"
        className="grid grid-cols-[repeat(auto-fill,minmax(min(10rem,42vw),1fr))] gap-3"
      >
        {pictures.map(each => (
          <Tile
            key={`${each.name} ${each.file.sha256}`}
            id={id}
            picture={each}
            onOpen={() => setOpen(each.name)}
          />
        ))}
      </ul>
      {shown && (
        <Large
          id={id}
          picture={shown}
          place={pictures.length > 1 ? `${index + 1} of ${pictures.length}` : ''}
          onStep={by => setOpen(pictures.at((index + by) % pictures.length)?.name)}
          onClose={() => setOpen(undefined)}
        />
      )}
    </>
  )
}

interface PictureProps {
  id: string
  picture: Picture
}

function Tile({ id, picture, onOpen }: PictureProps & { onOpen: () => void }) {
  const { name, file, type } = picture
  const [ref, isSeen] = useSeen<HTMLLIElement>()
  const { data, error } = useFile(id, name, file, type, isSeen)
  const [measure, setMeasure] = useState('')
  return (
    <li
      ref={ref}
      className="relative flex min-w-0 flex-col overflow-hidden rounded-lg border border-line bg-card"
    >
      <div className="grid aspect-square place-items-center bg-well">
        {error ? (
          <ImageOff aria-hidden className="text-soft" />
        ) : (
          <Pixels
            blob={data}
            name={name}
            onMeasure={setMeasure}
            className="size-full min-h-0 object-contain"
          />
        )}
      </div>
      <div className="px-2 py-1.5">
        <p className="truncate text-sm font-medium" title={name}>
          {name}
        </p>
        <p className="truncate text-xs text-soft">{[measure, size(file.size)].filter(Boolean).join(' · ')}</p>
      </div>
      <button
        type="button"
        aria-label={`Open ${name}`}
        onClick={onOpen}
        className="absolute inset-0 cursor-zoom-in rounded-lg hover:bg-hover/30"
      />
    </li>
  )
}

interface LargeProps extends PictureProps {
  place: string
  onStep: (by: 1 | -1) => void
  onClose: () => void
}

const STEPS: ReadonlyMap<string, 1 | -1> = new Map([
  ['ArrowLeft', -1],
  ['ArrowRight', 1],
])

/** The arrow keys, wherever in the dialog the focus is. */
function useSteps(onStep: ((by: 1 | -1) => void) | undefined): void {
  useEffect(() => {
    function press({ key }: KeyboardEvent): void {
      const by = STEPS.get(key)
      if (by) onStep?.(by)
    }
    document.addEventListener('keydown', press)
    return () => document.removeEventListener('keydown', press)
  }, [onStep])
}

function Large({ id, picture, place, onStep, onClose }: LargeProps) {
  const { name, file, type } = picture
  const headway = useHeadway()
  const { data, error } = useFile(id, name, file, type)
  const [measure, setMeasure] = useState('')
  const [isWhole, setWhole] = useState(false)
  useSteps(place ? onStep : undefined)
  return (
    <Dialog
      open
      onClose={onClose}
      title={name}
      wide="most"
      actions={
        <>
          <p className="mr-auto self-center text-sm text-soft">
            {[place, measure, type, size(file.size)].filter(Boolean).join(' · ')} · attempt {file.attempt} ·{' '}
            <Time at={file.at} />
          </p>
          {place && (
            <>
              <Button icon={ChevronLeft} label="The one before" onClick={() => onStep(-1)} />
              <Button icon={ChevronRight} label="The next one" onClick={() => onStep(1)} />
            </>
          )}
          <Button
            icon={isWhole ? Minimize : Maximize}
            aria-pressed={isWhole}
            onClick={() => setWhole(!isWhole)}
          >
            Actual size
          </Button>
          <Button
            icon={Download}
            data-focus
            onClick={() => void tell(saveArtifact(headway, id, name), `${name} is saved`)}
          >
            Save
          </Button>
        </>
      }
    >
      <div className="grid min-h-48 place-items-center">
        {error ? (
          <Problem error={error} />
        ) : (
          <Pixels
            key={name}
            blob={data}
            name={name}
            onMeasure={setMeasure}
            className={
              isWhole
                ? 'max-w-none justify-self-start'
                : 'max-h-[calc(85dvh-10rem)] max-w-full object-contain'
            }
          />
        )}
      </div>
    </Dialog>
  )
}

interface PixelsProps {
  blob: Blob | undefined
  name: string
  className: string
  onMeasure: (said: string) => void
}

function Pixels({ blob, name, className, onMeasure }: PixelsProps) {
  const url = useBlobUrl(blob)
  const [isBroken, setBroken] = useState(false)
  if (isBroken)
    return <p className="p-3 text-center text-sm text-soft">It is no picture that can be shown.</p>
  return url ? (
    <img
      src={url}
      alt={name}
      className={className}
      onError={() => setBroken(true)}
      onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
        onMeasure(`${naturalWidth} × ${naturalHeight}`)
      }
    />
  ) : null
}
