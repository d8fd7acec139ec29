import { describe, expect, it } from 'vitest'
import { pathOf, placeOf } from './addresses.ts'

describe('placeOf', () => {
  it('is the jobs at the root, with or without a slash at the end', () => {
    for (const path of ['', '/', '/jobs', '/jobs/']) expect(placeOf(path, '')?.to).toBe('/jobs')
  })

  it('reads the id of a job and the parameters that its page knows', () => {
    const place = placeOf('/jobs/a%2Fb', '?tab=logs&L=120-140&at=77&other=1')

    expect(place).toEqual({ to: '/jobs/$id', id: 'a/b', search: { tab: 'logs', L: '120-140', at: 77 } })
  })

  it('leaves out what is no whole number where one belongs', () => {
    expect(placeOf('/jobs/a', '?at=7e3&attempt=x')?.search).toEqual({})
  })

  it('knows no other path, not even one that cannot be decoded or that objects have', () => {
    expect(placeOf('/elsewhere', '')).toBeUndefined()
    expect(placeOf('/constructor', '')).toBeUndefined()
    expect(placeOf('/jobs/a/b', '')).toBeUndefined()
    expect(placeOf('/jobs/%E0%A4', '')?.id).toBe('%E0%A4')
  })
})

describe('pathOf', () => {
  it('says what placeOf reads again', () => {
    const target = {
      to: '/jobs/$id',
      params: { id: 'a/b c' },
      search: { tab: 'logs', find: 'x & y=1' },
    } as const
    const [path = '', query = ''] = pathOf(target).split('?')

    expect(placeOf(`/${path}`, query)).toEqual({ to: '/jobs/$id', id: 'a/b c', search: target.search })
  })

  it('leaves out what is not set', () => {
    expect(pathOf({ to: '/jobs', search: { q: '', sort: undefined } })).toBe('jobs')
  })
})
