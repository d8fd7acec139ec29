/**
 * The search box: a filter as chips and a term being written, with suggestions (ARIA combobox).
 *
 * A blank or Enter finishes a term; what is wrong with it is said under the box, in the client's words, and it stays
 * written. Backspace in the empty box, or a click on a chip, edits it. Must never know the list: what was seen comes in.
 */

import { parse } from '@headway/client'
import { Search, X } from 'lucide-react'
import { type KeyboardEvent, type RefObject, useId, useMemo, useState } from 'react'
import { Button } from '../../kit/button.tsx'
import { FilterChip } from './chip.tsx'
import { added, chipsOf, filterOf, finishedOf, negated, without } from './chips.ts'
import { type Seen, type Suggestion, suggest } from './suggest.ts'
import { Suggestions } from './suggestions.tsx'

interface FilterBoxProps {
  q: string
  onFilter: (q: string) => void
  /** What can be offered; asked once each time the suggestions open. */
  seen: () => Seen
  /** What the list says about the filter. */
  problem: Error | null
  input: RefObject<HTMLInputElement | null>
  onFocus?: () => void
}

/** Text being written, and the place of the chip it stands for. */
interface Writing {
  readonly text: string
  readonly place: number | undefined
}
const NOTHING: Writing = { text: '', place: undefined }

export function FilterBox({ q, onFilter, seen, problem, input, onFocus }: FilterBoxProps) {
  const id = useId()
  const [writing, setWriting] = useState(NOTHING)
  const [open, setOpen] = useState(false)
  const [active, setActive] = useState(-1)
  const [refusal, setRefusal] = useState<Error>()
  const [shown, setShown] = useState(q)
  const [told, setTold] = useState<readonly string[]>([]) // filters that are not in the address yet: one writes faster
  if (shown !== q) {
    setShown(q)
    const place = told.indexOf(q)
    setTold(told.slice(place < 0 ? told.length : place + 1))
    if (place < 0) {
      if (writing.place !== undefined) setWriting(NOTHING) // a view was chosen: what was being edited is not there
      setRefusal(undefined)
    }
  }
  const newest = told.at(-1) ?? q
  const chips = chipsOf(newest)
  const known = useMemo(() => (open ? seen() : undefined), [open, seen])
  const offered = useMemo(() => (known ? suggest(writing.text, known) : []), [known, writing.text])
  const picked = offered[active]
  const said = refusal ?? problem ?? undefined

  function filter(next: string): void {
    if (next !== newest) setTold([...told, next])
    onFilter(next)
  }

  function write(next: Writing): void {
    setWriting(next)
    setRefusal(undefined)
    setActive(-1)
  }

  /** Put finished terms where they belong. False, and why is said, where one of them is wrong. */
  function finish(terms: readonly string[], rest: string): boolean {
    const wrong = firstWrong(terms)
    if (wrong) {
      setRefusal(wrong)
      return false
    }
    const { place } = writing
    const next =
      place === undefined
        ? added(chips, terms)
        : [...chips.slice(0, place), ...terms, ...chips.slice(place + 1)]
    write({ text: rest, place: undefined })
    filter(filterOf(next))
    return true
  }

  function change(text: string): void {
    const { finished, rest } = finishedOf(text)
    if (finished.length && finish(finished, rest)) return
    setWriting({ ...writing, text })
    setActive(-1)
    if (!finished.length) setRefusal(undefined)
    setOpen(true)
  }

  function take({ text, whole }: Suggestion): void {
    if (whole) finish([text], '')
    else write({ ...writing, text })
    setOpen(!whole || writing.place === undefined)
    input.current?.focus()
  }

  function edit(place: number): void {
    write({ text: chips[place] ?? '', place })
    setOpen(true)
    input.current?.focus()
  }

  function enter(): void {
    if (picked) take(picked)
    else if (writing.text.trim()) {
      if (finish(chipsOf(writing.text), '')) setOpen(false)
    } else if (writing.place !== undefined) finish([], '')
  }

  function leave(): void {
    if (open) setOpen(false)
    else if (writing !== NOTHING && (writing.text || writing.place !== undefined)) write(NOTHING)
    else input.current?.blur()
  }

  function step(by: number): void {
    setOpen(true)
    if (offered.length)
      setActive((active + by + (active < 0 && by < 0 ? 1 : 0) + offered.length) % offered.length)
  }

  function pressed(event: KeyboardEvent<HTMLInputElement>): void {
    if (event.nativeEvent.isComposing) return
    const atStart = event.currentTarget.selectionStart === 0 && event.currentTarget.selectionEnd === 0
    const does: Record<string, (() => void) | undefined> = {
      ArrowDown: () => step(1),
      ArrowUp: () => step(-1),
      Enter: enter,
      Escape: leave,
      Tab: picked && (() => take(picked)),
      Backspace:
        !writing.text && chips.length && writing.place === undefined
          ? () => edit(chips.length - 1)
          : undefined,
      ArrowLeft: atStart && chips.length ? () => chipAt(event.currentTarget, -1)?.focus() : undefined,
    }
    const run = does[event.key]
    if (!run || event.shiftKey) return
    event.preventDefault()
    run()
  }

  const list = `${id}-list`
  return (
    <div className="relative">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: a click beside the text is meant for the text */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the input itself has the keys */}
      <div
        onClick={event => event.target === event.currentTarget && input.current?.focus()}
        className="flex min-h-9 cursor-text flex-wrap items-center gap-1 rounded-md border border-line-strong bg-card py-1 pr-8 pl-2 focus-within:outline-2 focus-within:outline-accent"
      >
        <Search aria-hidden size={15} className="mr-1 shrink-0 text-soft" />
        {chips.map((chip, place) =>
          place === writing.place ? null : (
            <FilterChip
              // biome-ignore lint/suspicious/noArrayIndexKey: a chip is its place: the same term may stand twice in an address
              key={place}
              chip={chip}
              onEdit={() => edit(place)}
              onNegate={() =>
                filter(filterOf(chips.map((each, at) => (at === place ? negated(each) : each))))
              }
              onRemove={() => {
                filter(filterOf(without(chips, place)))
                input.current?.focus()
              }}
            />
          ),
        )}
        <input
          ref={input}
          role="combobox"
          aria-label="Filter jobs"
          aria-autocomplete="list"
          aria-expanded={open && offered.length > 0}
          aria-controls={list}
          aria-activedescendant={picked ? `${list}-${active}` : undefined}
          aria-invalid={said !== undefined}
          aria-describedby={said ? `${id}-said` : undefined}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          placeholder={chips.length ? undefined : 'Filter: state:failed kind:crawl "some text"'}
          value={writing.text}
          onChange={event => change(event.target.value)}
          onKeyDown={pressed}
          onFocus={onFocus}
          onClick={() => setOpen(true)}
          onBlur={() => setOpen(false)}
          className="h-6 min-w-8 flex-1 sm:min-w-32 bg-transparent text-base outline-none placeholder:text-soft"
        />
        {chips.length > 0 && (
          <span className="absolute top-1.5 right-1.5">
            <Button small weight="quiet" icon={X} label="Clear the filter" onClick={() => filter('')} />
          </span>
        )}
      </div>
      <Suggestions id={list} offered={open ? offered : []} active={active} onTake={take} />
      {said && (
        <p id={`${id}-said`} role="alert" className="mt-1 text-sm">
          <span className="text-failed">{said.message}</span>{' '}
          {'hint' in said && typeof said.hint === 'string' && <span className="text-soft">{said.hint}</span>}
        </p>
      )}
    </div>
  )
}

function firstWrong(terms: readonly string[]): Error | undefined {
  for (const term of terms) {
    try {
      parse(term)
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error))
    }
  }
  return undefined
}

function chipAt(input: HTMLInputElement, place: number): HTMLElement | undefined {
  return [...(input.parentElement?.querySelectorAll<HTMLElement>('[data-chip]') ?? [])].at(place)
}
