import { cleanup } from '@testing-library/react'
import { afterEach, vi } from 'vitest'

window.matchMedia ??= vi.fn((query: string) => ({
  matches: false,
  media: query,
  onchange: null,
  addListener: () => {},
  removeListener: () => {},
  addEventListener: () => {},
  removeEventListener: () => {},
  dispatchEvent: () => false,
}))

afterEach(cleanup)
