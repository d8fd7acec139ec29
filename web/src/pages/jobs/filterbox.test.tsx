import { fireEvent, render, screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { useRef, useState } from 'react'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { FilterBox } from './filterbox.tsx'
import type { Seen } from './suggest.ts'

const SEEN: Seen = {
  kinds: ['crawl', 'checksum'],
  queues: ['gpu'],
  workers: [],
  labels: new Map([['subject', new Set(['sub-01'])]]),
  args: new Map(),
  errors: new Set(),
}
const seen = () => SEEN
const filtered = vi.fn()

function Harness({ q: first = '' }: { q?: string }) {
  const [q, setQ] = useState(first)
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <FilterBox
        q={q}
        seen={seen}
        problem={null}
        input={input}
        onFilter={next => {
          filtered(next)
          setQ(next)
        }}
      />
      <button type="button" onClick={() => setQ('state:running')}>
        elsewhere
      </button>
    </>
  )
}

/** Its address stands still until it is drawn again. */
function Late({ q }: { q: string }) {
  return <FilterBox q={q} seen={seen} problem={null} input={useRef(null)} onFilter={filtered} />
}

function box(): HTMLInputElement {
  return screen.getByRole('combobox')
}
function options(): string[] {
  const list = screen.queryByRole('listbox')
  return list
    ? within(list)
        .queryAllByRole('option')
        .map(each => each.textContent ?? '')
    : []
}

beforeEach(() => {
  filtered.mockClear()
  Element.prototype.scrollIntoView = () => {} // jsdom has no layout
})

describe('writing a term', () => {
  it('makes a chip of it at a blank, and begins the next', async () => {
    render(<Harness />)

    await userEvent.type(box(), 'state:failed kin')

    expect(filtered).toHaveBeenCalledExactlyOnceWith('state:failed')
    expect(screen.getByRole('button', { name: 'Edit state:failed' })).toBeTruthy()
    expect(box().value).toBe('kin')
  })

  it('keeps every term of who writes faster than the address follows', async () => {
    const late = (q: string) => <Late q={q} />
    const { rerender } = render(late(''))

    await userEvent.type(box(), 'kind:crawl state:failed ')
    rerender(late('kind:crawl'))
    await userEvent.type(box(), 'queue:gpu ')

    expect(filtered).toHaveBeenLastCalledWith('kind:crawl state:failed queue:gpu')
    rerender(late('state:running'))
    expect(screen.getAllByRole('button', { name: /^Edit/ })).toHaveLength(1)
  })

  it('makes a chip of it at Enter', async () => {
    render(<Harness q="kind:crawl" />)

    await userEvent.type(box(), '-state:failed{Enter}')

    expect(filtered).toHaveBeenLastCalledWith('kind:crawl -state:failed')
    expect(box().value).toBe('')
  })

  it('keeps blanks inside quotes in the term', async () => {
    render(<Harness />)

    await userEvent.type(box(), '"two words"{Enter}')

    expect(filtered).toHaveBeenCalledExactlyOnceWith('"two words"')
  })

  it('takes a whole filter that is pasted', () => {
    render(<Harness />)

    fireEvent.change(box(), { target: { value: 'state:failed kind:crawl since:24h ' } })

    expect(filtered).toHaveBeenCalledExactlyOnceWith('state:failed kind:crawl since:24h')
  })

  it('says what is wrong, keeps it written, and asks for nothing', async () => {
    render(<Harness />)

    await userEvent.type(box(), 'state:done{Enter}')

    expect(filtered).not.toHaveBeenCalled()
    expect(box().value).toBe('state:done')
    expect(screen.getByRole('alert').textContent).toContain("names the unknown state 'done'")
    expect(screen.getByRole('alert').textContent).toContain('States are scheduled')
    expect(box().getAttribute('aria-invalid')).toBe('true')
  })

  it('takes the problem back once it is written anew', async () => {
    render(<Harness />)
    await userEvent.type(box(), 'state:done{Enter}')

    await userEvent.type(box(), '{Backspace}')

    expect(screen.queryByRole('alert')).toBeNull()
  })
})

describe('suggestions', () => {
  it('are walked by arrows and taken by Enter: first the key, then the value', async () => {
    render(<Harness />)

    await userEvent.type(box(), 'ki{ArrowDown}')
    expect(box().getAttribute('aria-activedescendant')).toBe(screen.getAllByRole('option')[0]?.id)
    await userEvent.keyboard('{Enter}')
    expect(box().value).toBe('kind:')
    expect(options()).toEqual(['checksum', 'crawl'])
    await userEvent.keyboard('{ArrowUp}{Enter}')

    expect(filtered).toHaveBeenCalledExactlyOnceWith('kind:crawl')
  })

  it('are taken by a click', async () => {
    render(<Harness />)
    await userEvent.type(box(), 'label.subject:')

    await userEvent.click(screen.getByRole('option', { name: /sub-01/ }))

    expect(filtered).toHaveBeenCalledExactlyOnceWith('label.subject:sub-01')
  })

  it('close at Escape, then what is written goes, then the focus', async () => {
    render(<Harness />)
    await userEvent.type(box(), 'sta')

    await userEvent.keyboard('{Escape}')
    expect(options()).toEqual([])
    expect(box().value).toBe('sta')
    await userEvent.keyboard('{Escape}')
    expect(box().value).toBe('')
    await userEvent.keyboard('{Escape}')

    expect(document.activeElement).not.toBe(box())
  })

  it('are not taken by Tab unless one was chosen', async () => {
    render(<Harness />)
    await userEvent.type(box(), 'kind:cr')

    await userEvent.tab()

    expect(filtered).not.toHaveBeenCalled()
    expect(document.activeElement).not.toBe(box())
  })
})

describe('a chip', () => {
  it('is edited in its place by Backspace in the empty box', async () => {
    render(<Harness q="kind:crawl state:failed" />)
    await userEvent.click(box())

    await userEvent.keyboard('{Backspace}')
    expect(box().value).toBe('state:failed')
    await userEvent.keyboard(',running{Enter}')

    expect(filtered).toHaveBeenCalledExactlyOnceWith('kind:crawl state:failed,running')
  })

  it('is edited in its place by a click, and stays as it was at Escape', async () => {
    render(<Harness q="kind:crawl state:failed" />)

    await userEvent.click(screen.getByRole('button', { name: 'Edit kind:crawl' }))
    expect(box().value).toBe('kind:crawl')
    await userEvent.keyboard('{Escape}{Escape}')

    expect(filtered).not.toHaveBeenCalled()
    expect(screen.getByRole('button', { name: 'Edit kind:crawl' })).toBeTruthy()
  })

  it('goes where it was emptied', async () => {
    render(<Harness q="kind:crawl" />)
    await userEvent.click(screen.getByRole('button', { name: 'Edit kind:crawl' }))

    await userEvent.clear(box())
    await userEvent.keyboard('{Enter}')

    expect(filtered).toHaveBeenLastCalledWith('')
  })

  it('is negated, and taken away', async () => {
    render(<Harness q="kind:crawl state:failed" />)

    await userEvent.click(screen.getByRole('button', { name: 'Negate “is” of state:failed' }))
    expect(filtered).toHaveBeenLastCalledWith('kind:crawl -state:failed')
    await userEvent.click(screen.getByRole('button', { name: 'Remove kind:crawl' }))

    expect(filtered).toHaveBeenLastCalledWith('-state:failed')
  })

  it('is reached by the arrow and answers to the keyboard alone', async () => {
    render(<Harness q="kind:crawl state:failed" />)
    await userEvent.click(box())

    await userEvent.keyboard('{ArrowLeft}{ArrowLeft}')
    expect(document.activeElement?.getAttribute('aria-label')).toBe('Edit kind:crawl')
    await userEvent.keyboard('{Delete}')

    expect(filtered).toHaveBeenCalledExactlyOnceWith('state:failed')
    expect(document.activeElement).toBe(box())
  })

  it('that was being edited is left when another filter is shown', async () => {
    render(<Harness q="kind:crawl" />)
    await userEvent.click(screen.getByRole('button', { name: 'Edit kind:crawl' }))

    await userEvent.click(screen.getByRole('button', { name: 'elsewhere' }))

    expect(box().value).toBe('')
    expect(screen.getByRole('button', { name: 'Edit state:running' })).toBeTruthy()
  })
})
