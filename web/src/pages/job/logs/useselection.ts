/**
 * Text selected with the mouse, also beyond the rows that are in the page: its two ends are remembered as places in the log.
 *
 * A row that leaves the page takes its end of the browser's selection with it; what is copied is still what was selected.
 */
import type { Headway } from '@headway/client'
import { type ClipboardEvent, type RefObject, useEffect, useRef } from 'react'
import { done, failed } from '../../../app/toasts.tsx'
import { copyText } from '../../../kit/copy.tsx'
import { plural } from '../../../words/numbers.ts'
import { cutTo, inOrder, type Point, type Source, textsHere, textsOf } from './texts.ts'

/** Returns the handler of `copy`. `onSelect`: something is selected now. */
export function useSelection(
  element: RefObject<HTMLElement | null>,
  client: Headway,
  id: string,
  source: Source,
  onSelect: () => void,
): (event: ClipboardEvent) => void {
  const ends = useRef<{ anchor?: Point | undefined; focus?: Point | undefined }>({})
  const selected = useRef(onSelect)
  useEffect(() => {
    selected.current = onSelect
  })
  useEffect(() => {
    const box = element.current
    const begin = (event: PointerEvent): void => {
      if (!event.shiftKey) ends.current = {}
    }
    const change = (): void => {
      const selection = document.getSelection()
      if (!box || !selection || selection.isCollapsed || !box.contains(selection.focusNode)) return
      const anchor = pointOf(selection.anchorNode, selection.anchorOffset)
      const focus = pointOf(selection.focusNode, selection.focusOffset)
      ends.current = { anchor: ends.current.anchor ?? anchor, focus: focus ?? ends.current.focus }
      selected.current()
    }
    box?.addEventListener('pointerdown', begin)
    document.addEventListener('selectionchange', change)
    return () => {
      box?.removeEventListener('pointerdown', begin)
      document.removeEventListener('selectionchange', change)
    }
  }, [element])

  return event => {
    const { anchor, focus } = ends.current
    if (!anchor || !focus || anchor.line === focus.line) return // within one row the browser is right
    event.preventDefault()
    const range = inOrder(anchor, focus)
    const [{ line: from }, { line: to }] = range
    const here = textsHere(source, from, to)
    if (here) event.clipboardData.setData('text/plain', cutTo(here, range, source))
    else
      void textsOf(client, id, source, from, to).then(
        texts => copy(cutTo(texts, range, source), texts.length),
        failed,
      )
  }
}

async function copy(text: string, lines: number): Promise<void> {
  if (await copyText(text)) done(`${plural(lines, 'line')} copied`)
  else failed(new Error('This browser did not let the page copy: press the keys again, or download the log.'))
}

/** Where in the log a place of the page is. */
function pointOf(node: Node | null, offset: number): Point | undefined {
  const element = node instanceof Element ? node : node?.parentElement
  const row = element?.closest<HTMLElement>('[data-n]')
  const text = row?.querySelector('[data-text]')
  if (!row || !node) return undefined
  const line = Number(row.dataset.n)
  if (!text?.contains(node)) return { line, offset: 0 }
  const before = document.createRange()
  before.selectNodeContents(text)
  before.setEnd(node, offset)
  return { line, offset: before.toString().length }
}
