import { describe, expect, it } from 'vitest'
import { webAddress } from './webaddress.ts'

describe('an address of somebody else', () => {
  it('has its host apart from the rest', () => {
    expect(webAddress('https://Auth.Example.com:8443/login?next=%2F#top')).toEqual({
      href: 'https://auth.example.com:8443/login?next=%2F#top',
      before: 'https://',
      host: 'auth.example.com:8443',
      after: '/login?next=%2F#top',
      hasName: false,
      isSecure: true,
    })
  })

  it('that has the name of another before an @ says so', () => {
    expect(webAddress('https://bank.example.com@evil.test/')).toMatchObject({
      before: 'https://bank.example.com@',
      host: 'evil.test',
      hasName: true,
    })
  })

  it('whose letters look like others is told in ASCII, and what cannot be seen is escaped', () => {
    expect(webAddress('https://аpple.com/a\u202eb')).toMatchObject({
      host: 'xn--pple-43d.com',
      after: '/a%E2%80%AEb',
    })
  })

  it.each([
    'javascript:alert(1)',
    'data:text/html,<script>',
    'file:///etc/passwd',
    'ftp://example.com/',
    'blob:https://example.com/1',
    'https://',
    '/jobs',
    'not an address',
    undefined,
    7,
  ])('that is %j may not be opened', text => {
    expect(webAddress(text)).toBeUndefined()
  })
})
