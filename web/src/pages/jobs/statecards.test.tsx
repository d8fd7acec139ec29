import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, it, vi } from 'vitest'
import { StateCards } from './statecards.tsx'

const COUNTS = {
  running: 4,
  cancelling: 1,
  queued: 1_250_000,
  scheduled: 3,
  blocked: 0,
  completed: 0,
  failed: 12_345,
}

it('sums the states of a card, tells the others apart, and does not guess what is not known', () => {
  render(<StateCards counts={COUNTS} q="" onFilter={() => {}} />)

  expect(screen.getAllByRole('button').map(card => card.textContent)).toEqual([
    '5Running1 cancelling',
    '1.3MWaiting3 scheduled',
    '0Completed',
    '12,345Failed',
    '–Cancelled',
  ])
})

it('asks for its states and takes them back, and is pressed while they are asked for', async () => {
  const onFilter = vi.fn()
  const { rerender } = render(<StateCards counts={COUNTS} q="kind:crawl" onFilter={onFilter} />)

  await userEvent.click(screen.getByRole('button', { name: /Running/ }))
  expect(onFilter).toHaveBeenLastCalledWith('state:running,cancelling kind:crawl')
  rerender(<StateCards counts={COUNTS} q="state:running,cancelling kind:crawl" onFilter={onFilter} />)
  expect(screen.getByRole('button', { pressed: true }).textContent).toContain('Running')
  await userEvent.click(screen.getByRole('button', { pressed: true }))

  expect(onFilter).toHaveBeenLastCalledWith('kind:crawl')
})

it('shows no number where none is known', () => {
  render(<StateCards counts={undefined} q="error:*x*" onFilter={() => {}} />)

  expect(screen.getByRole('button', { name: /Failed/ }).textContent).toBe('–Failed')
})
