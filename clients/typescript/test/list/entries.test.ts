import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const source = join(import.meta.dirname, '../../src')

test('the core imports neither React nor the hooks, so that who does not use them does not load them', () => {
  const files = readdirSync(source).filter(name => name.endsWith('.ts'))

  const guilty = files.filter(name =>
    /from '(react|\.\/react\/)/.test(readFileSync(join(source, name), 'utf8')),
  )

  expect(files.length).toBeGreaterThan(20)
  expect(guilty).toEqual([])
})
