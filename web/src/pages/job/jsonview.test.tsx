import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, it } from 'vitest'
import { JsonView } from './jsonview.tsx'

it('opens and closes, with whole numbers exact', async () => {
  render(<JsonView label="result" value={{ big: 9007199254740993n, deep: { inner: [1, 2] } }} />)
  expect(screen.getByText('9007199254740993')).toBeTruthy()

  await userEvent.click(screen.getByRole('button', { name: /deep/ }))

  expect(screen.queryByText(/inner/)).toBeNull()
  expect(screen.getByRole('button', { name: /deep/ }).getAttribute('aria-expanded')).toBe('false')
})

it('shows a page of a long list, and more when asked', async () => {
  render(<JsonView label="rows" value={Array.from({ length: 150 }, (_, index) => `row ${index}`)} />)
  expect(screen.queryByText('"row 120"')).toBeNull()

  await userEvent.click(screen.getByRole('button', { name: '50 more' }))

  expect(screen.getByText('"row 120"')).toBeTruthy()
})

it('shows markup in a value as its characters', () => {
  render(<JsonView label="result" value="<img src=x onerror=alert(1)>" />)

  expect(screen.getByText('"<img src=x onerror=alert(1)>"')).toBeTruthy()
  expect(document.querySelector('img')).toBeNull()
})

it('folds a long text until it is asked for', async () => {
  render(<JsonView label="result" value={'x'.repeat(1000)} />)

  await userEvent.click(screen.getByRole('button', { name: /more characters/ }))

  expect(screen.getByText(/x{1000}/)).toBeTruthy()
})
