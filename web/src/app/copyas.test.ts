import { describe, expect, it, vi } from 'vitest'

const place = vi.hoisted(() => ({ base: '/', version: 'dev', authenticated: false }))
vi.mock('./address.ts', () => ({ place, serverUrl: 'https://jobs.example/hw' }))

import { type Action, copyAs } from './copyas.ts'

const ID = '01JABC'

describe('the command line', () => {
  it.each<[string, Action]>([
    ['headway cancel --server https://jobs.example/hw 01JABC', { do: 'cancel', id: ID }],
    [
      "headway cancel --server https://jobs.example/hw 01JABC --reason 'it'\"'\"'s late'",
      { do: 'cancel', id: ID, reason: "it's late" },
    ],
    [
      'headway retry --server https://jobs.example/hw 01JABC --args \'{"n": 1}\'',
      { do: 'retry', id: ID, args: { n: 1 } },
    ],
    [
      "headway jobs --server https://jobs.example/hw 'state:failed since:24h'",
      { do: 'list', q: 'state:failed since:24h' },
    ],
    [
      "headway jobs --server https://jobs.example/hw -- '-state:failed *x*'",
      { do: 'list', q: '-state:failed *x*' },
    ],
    ['headway jobs --server https://jobs.example/hw', { do: 'list', q: '' }],
    [
      "headway logs --server https://jobs.example/hw 01JABC --grep 'a\\.b'",
      { do: 'logs', id: ID, contains: 'a.b' },
    ],
    [
      "headway queues --server https://jobs.example/hw pause gpu --reason 'disk full'",
      { do: 'pause', queue: 'gpu', reason: 'disk full' },
    ],
    [
      'headway queues --server https://jobs.example/hw limit gpu none',
      { do: 'limit', queue: 'gpu', limit: null },
    ],
    ['headway workers --server https://jobs.example/hw drain gpu-3/1', { do: 'drain', worker: 'gpu-3/1' }],
    [
      'headway kinds --server https://jobs.example/hw approve mcp.github.find',
      { do: 'approve', kind: 'mcp.github.find', definition: 'ab12' },
    ],
    [
      `headway submit --server https://jobs.example/hw crawl --args '{"url": "x y", "big": 12345678901234567890}' --priority 5 --label subject=sub-01`,
      {
        do: 'submit',
        job: {
          kind: 'crawl',
          args: { url: 'x y', big: 12345678901234567890n },
          priority: 5,
          labels: { subject: 'sub-01' },
        },
      },
    ],
  ])('%s', (text, action) => {
    expect(copyAs(action).cli).toBe(text)
  })

  it('is not said where it has no command or no option for it', () => {
    expect(copyAs({ do: 'hold', id: ID }).cli).toBeNull()
    expect(copyAs({ do: 'submit', job: { kind: 'crawl', limit_key: 'a' } }).cli).toBeNull()
  })
})

describe('curl', () => {
  it('sends JSON in one shell word', () => {
    expect(copyAs({ do: 'cancel', id: ID, reason: "it's" }).curl).toBe(
      [
        'curl -X POST https://jobs.example/hw/api/v1/jobs/01JABC/cancel',
        "-H 'Content-Type: application/json'",
        `-d '{"reason": "it'"'"'s"}'`,
      ].join(' \\\n  '),
    )
  })

  it('escapes a filter and names with slashes', () => {
    expect(copyAs({ do: 'list', q: 'error:*a b*' }).curl).toBe(
      "curl 'https://jobs.example/hw/api/v1/jobs?q=error%3A*a%20b*'",
    )
    expect(copyAs({ do: 'repair', worker: 'gpu-3/1' }).cli).toMatch(
      /^headway workers --server \S+ repair gpu-3\/1$/,
    )
    expect(copyAs({ do: 'repair', worker: 'gpu-3/1' }).curl).toContain('/workers/gpu-3%2F1/repair')
  })

  it('takes the token from the environment where the server asks for one', () => {
    place.authenticated = true

    const { curl, python } = copyAs({ do: 'hold', id: ID })

    place.authenticated = false
    expect(curl).toContain('-H "Authorization: Bearer $HEADWAY_TOKEN"')
    expect(python).toContain("os.environ['HEADWAY_TOKEN']")
  })
})

describe('Python', () => {
  it('calls the client where it has a method', () => {
    const action: Action = {
      do: 'submit',
      job: { kind: 'crawl', args: { deep: true, none: null, of: [1.5, 'é"'] }, queue: 'web' },
    }

    expect(copyAs(action).python).toBe(
      'import headway\n\nclient = headway.connect("https://jobs.example/hw")\n' +
        'job = client.submit("crawl", {"deep": True, "none": None, "of": [1.5, "é\\""]}, queue="web")\n' +
        'print(job.result())',
    )
  })

  it('asks by REST where it has none', () => {
    expect(copyAs({ do: 'act', action: 'cancel', q: 'state:queued' }).python).toBe(
      'import httpx\n\nanswer = httpx.post("https://jobs.example/hw/api/v1/jobs/actions", json={"action": "cancel", "q": "state:queued"})\nanswer.raise_for_status()',
    )
  })
})

it('follows a job under the name that the server reads topics by', () => {
  expect(copyAs({ do: 'watch', id: '01J' }).curl).toContain('/api/v1/live?topic=job%3A01J')
})
