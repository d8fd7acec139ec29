import type { ServiceDoc } from '@headway/client'
import { describe, expect, it } from 'vitest'
import {
  aboutService,
  addressOfService,
  columnsOfName,
  deskOf,
  deviceOf,
  isPast,
  isSilent,
  memoryOf,
  memoryText,
  whyOf,
} from './service.ts'

const GB = 1 << 30
const AT = '2026-11-22T08:21:07.000Z'

function service(rest: Partial<ServiceDoc> = {}): ServiceDoc {
  return {
    id: 'w/s',
    name: 's',
    worker: 'w',
    type: 'comfyui',
    slots: 1,
    status: 'idle',
    changed_at: AT,
    ...rest,
  }
}

describe('memory', () => {
  it('is what is not free, of the GPU', () => {
    const load = {
      vram_total: 24 * GB,
      vram_free: 6 * GB,
      device: 'cuda:0 NVIDIA RTX 4090 : cudaMallocAsync',
    }

    expect(memoryOf(service({ load }))).toEqual({ word: 'VRAM', used: 18 * GB, total: 24 * GB })
    expect(deviceOf(service({ load }))).toBe('NVIDIA RTX 4090')
  })

  it('is no VRAM where there is no GPU', () => {
    const load = { vram_total: 8 * GB, vram_free: 8 * GB, device: 'cpu' }

    expect(memoryOf(service({ load }))?.word).toBe('memory')
    expect(deviceOf(service({ load }))).toBe('CPU')
  })

  it.each([[{}], [{ vram_total: 0, vram_free: 0 }], [{ vram_total: '24', vram_free: null }], [undefined]])(
    'is not shown where %j tells none',
    load => {
      expect(memoryOf(service(load ? { load } : {}))).toBeUndefined()
    },
  )

  it('is said with its unit once, where that is one', () => {
    expect(memoryText({ word: 'VRAM', used: 18 * GB, total: 24 * GB })).toBe('18.0 of 24.0 GB')
    expect(memoryText({ word: 'VRAM', used: 512 << 20, total: 24 * GB })).toBe('512.0 MB of 24.0 GB')
  })

  it('never leaves its gauge, whatever is said', () => {
    expect(memoryOf(service({ load: { vram_total: 10, vram_free: 20 } }))?.used).toBe(0)
    expect(memoryOf(service({ load: { vram_total: 10, vram_free: -5 } }))?.used).toBe(10)
  })
})

it.each([
  [
    { queue_running: 1, queue_pending: 3, others: 2 },
    { text: '1 running, 3 waiting', others: '2 of others' },
  ],
  [
    { queue_running: 0, queue_pending: 3 },
    { text: '3 waiting', others: '' },
  ],
  [
    { queue_running: 0, queue_pending: 0, others: 0 },
    { text: '', others: '' },
  ],
  [{ vram_total: 1 }, undefined],
])('the desk of %j', (load, said) => {
  expect(deskOf(service({ load }))).toEqual(said)
})

it.each([
  [{ reason: 'connection refused' }, ['connection refused']],
  [{ reason: 'connection refused', error: 'connection refused' }, ['connection refused']],
  [
    { reason: '2 prompts of others', error: 'KSampler: out of memory' },
    ['2 prompts of others', 'KSampler: out of memory'],
  ],
  [{ reason: 'refused', error: 'connection refused' }, ['connection refused']],
  [{ reason: ' ' }, []],
  [{}, []],
])('why, of %j, is said once', (rest, why) => {
  expect(whyOf(service(rest))).toEqual(why)
})

it.each([
  ['http://127.0.0.1:8188', true],
  ['https://gpu.example/comfy', true],
  ['javascript:alert(1)', false],
  ['127.0.0.1:8188', false],
  [undefined, false],
])('%s can be opened: %s', (url, can) => {
  expect(addressOfService(service(url ? { url } : {})) !== undefined).toBe(can)
})

it('an MCP server has no page to open: where it answers stands in words', () => {
  const url = 'http://127.0.0.1:9000/mcp'
  const server = service({ type: 'mcp', version: 'notes 1.2', url })

  expect(addressOfService(server)).toBeUndefined()
  expect(aboutService(server)).toBe(`mcp notes 1.2 · ${url}`)
  expect(aboutService(service({ version: '0.38.1', url }))).toBe('comfyui 0.38.1')
})

it.each([
  [4, {}],
  [3, { job: 'J' }],
  [2, { load: { queue_running: 0 }, job: 'J' }],
  [1, { load: { device: 'cpu' } }],
  [1, { load: { vram_total: GB, vram_free: GB } }],
])('its name has %i columns, up to the next thing that is told: %j', (columns, rest) => {
  expect(columnsOfName(service(rest))).toBe(columns)
})

it('is silent after two checks that it missed, and while it was never heard', () => {
  const at = Date.parse(AT)

  expect(isSilent(service({ seen_at: AT }), at + 29_000)).toBe(false)
  expect(isSilent(service({ seen_at: AT }), at + 31_000)).toBe(true)
  expect(isSilent(service(), at)).toBe(true)
})

it.each([
  ['idle', false],
  ['busy', false],
  ['error', false],
  ['starting', true],
  ['unreachable', true],
  ['unknown', true],
] as const)('what is known of one that is %s is past: %s', (status, past) => {
  expect(isPast(service({ status }))).toBe(past)
})
