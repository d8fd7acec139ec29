/**
 * What a tool gave: texts as characters, pictures and sounds from the job's files, links as text that says where it leads.
 *
 * Nothing of it is trusted: no markup, no address that is not http or https, no type that a browser could run. Used where a
 * job's result stands.
 */

import type { ArtifactDoc, JobDoc } from '@headway/client'
import { useState } from 'react'
import { Button } from '../../kit/button.tsx'
import { CopyButton } from '../../kit/copy.tsx'
import { Foreign } from '../../kit/foreign.tsx'
import { Problem } from '../../kit/panel.tsx'
import type { Block, ToolResult } from '../../words/contents.ts'
import { amount, size } from '../../words/numbers.ts'
import { AddressLine, OpenLink, PlainAddress } from './addressline.tsx'
import { File } from './artifacts.tsx'
import { Gallery } from './gallery.tsx'
import { JsonView } from './jsonview.tsx'
import { useBlobUrl, useFile, useSeen } from './picture.ts'
import { isSound, previewOf } from './previews.ts'
import { webAddress } from './webaddress.ts'

export function ToolContent({ job, result }: { job: JobDoc; result: ToolResult }) {
  const { blocks, structured, structuredFile, structuredOmitted, server, protocol } = result
  const isEmpty = !blocks.length && structured === undefined && !structuredFile && !structuredOmitted
  return (
    <div className="flex min-w-0 flex-col gap-3">
      {blocks.map((block, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: blocks have no other identity, and none moves
        <BlockShown key={index} job={job} block={block} number={index + 1} />
      ))}
      {structured !== undefined && <JsonView value={structured} label="structured result" />}
      {structuredFile && <FileShown job={job} name={structuredFile} />}
      {structuredOmitted && (
        <p className="text-sm text-soft">The structured part was left out: it {structuredOmitted}.</p>
      )}
      {isEmpty && <p className="text-sm text-soft">It ended well and gave nothing.</p>}
      <p className="text-xs text-soft">
        From the MCP server <Foreign text={server} />, protocol {protocol}
      </p>
    </div>
  )
}

function BlockShown({ job, block, number }: { job: JobDoc; block: Block; number: number }) {
  switch (block.as) {
    case 'text':
      return (
        <div className="flex min-w-0 flex-col gap-1">
          {block.uri && <Of uri={block.uri} />}
          <Text text={block.text} label={`Text ${number}`} />
        </div>
      )
    case 'file':
      return (
        <div className="flex min-w-0 flex-col gap-1">
          {block.uri && <Of uri={block.uri} />}
          <FileShown job={job} name={block.artifact} />
        </div>
      )
    case 'link':
      return <Linked link={block} />
    case 'omitted':
      return (
        <p className="text-sm text-soft">
          Left out: {block.what || 'a part'} {block.why}.
        </p>
      )
    default:
      return <JsonView value={block.value} label={`part ${number}, of another type`} />
  }
}

/** Where a part is from, in the words of its server. */
function Of({ uri }: { uri: string }) {
  return (
    <p className="font-mono text-xs text-soft">
      <Foreign text={uri} />
    </p>
  )
}

const FIRST = 4_000
const FIRST_LINES = 40

function Text({ text, label }: { text: string; label: string }) {
  const [isWhole, setWhole] = useState(false)
  const first = text.slice(0, FIRST).split('\n').slice(0, FIRST_LINES).join('\n')
  const more = text.length - first.length
  return (
    <div className="relative min-w-0 rounded-md bg-well">
      <section
        aria-label={label}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        className="max-h-[70dvh] overflow-auto rounded-md p-3 pr-10 text-sm"
      >
        <Foreign text={isWhole ? text : first} />
      </section>
      <span className="absolute top-1.5 right-1.5 rounded-md bg-well">
        <CopyButton text={text} label={`Copy ${label.toLowerCase()}`} />
      </span>
      {more > 0 && (
        <p className="px-2 pb-2">
          <Button small weight="quiet" onClick={() => setWhole(!isWhole)}>
            {isWhole ? 'Less' : `… ${amount(more)} more characters`}
          </Button>
        </p>
      )}
    </div>
  )
}

function FileShown({ job, name }: { job: JobDoc; name: string }) {
  const file = job.artifacts?.[name]
  if (!file) return <p className="text-sm text-soft">The file {name} is not there any more.</p>
  const preview = previewOf(name, file)
  if (preview?.as === 'image') return <Gallery id={job.id} pictures={[{ name, file, type: preview.type }]} />
  return (
    <div className="flex min-w-0 flex-col gap-2">
      {isSound(file) && <Sound id={job.id} name={name} file={file} />}
      <ul className="overflow-hidden rounded-lg border border-line bg-card">
        <File id={job.id} name={name} file={file} />
      </ul>
    </div>
  )
}

function Sound({ id, name, file }: { id: string; name: string; file: ArtifactDoc }) {
  const [ref, isSeen] = useSeen<HTMLDivElement>()
  const { data, error } = useFile(id, name, file, file.type, isSeen)
  const url = useBlobUrl(data)
  return (
    <div ref={ref} className="min-h-14">
      {error && <Problem error={error} />}
      {/* biome-ignore lint/a11y/useMediaCaption: nobody wrote captions for what a tool gave */}
      {url && <audio controls src={url} aria-label={name} className="w-full max-w-lg" />}
    </div>
  )
}

/** A resource elsewhere: nothing of it was fetched. What its server calls it is not where it leads. */
function Linked({ link }: { link: Extract<Block, { as: 'link' }> }) {
  const address = webAddress(link.uri)
  const about = [link.mime, link.bytes === undefined ? '' : size(link.bytes)].filter(Boolean).join(' · ')
  return (
    <div className="flex min-w-0 flex-col gap-1.5 rounded-md border border-line p-3 text-sm">
      {link.name && (
        <p className="font-medium">
          <Foreign text={link.name} />
        </p>
      )}
      {link.description && (
        <p className="max-h-40 overflow-y-auto text-soft">
          <Foreign text={link.description} />
        </p>
      )}
      {address ? <AddressLine address={address} /> : <PlainAddress text={link.uri} />}
      {(address || about) && (
        <p className="flex min-w-0 flex-wrap items-center gap-3 text-xs text-soft">
          {address && <OpenLink address={address} />}
          {about}
        </p>
      )}
    </div>
  )
}
