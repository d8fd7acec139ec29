/**
 * Durations and instants as people write them: `30s`, `1h30m`, `2026-11-22T08:21:07Z`; twin of model/duration.py.
 *
 * Pure. Called by the filter language and by whoever shows a length of time.
 */
import { InvalidInput } from './errors.ts'

const UNITS = { w: 604_800, d: 86_400, h: 3_600, m: 60, s: 1, ms: 0.001 } as const
const TEXT = /^(?:([\d.]+)w)?(?:([\d.]+)d)?(?:([\d.]+)h)?(?:([\d.]+)m(?!s))?(?:([\d.]+)s)?(?:([\d.]+)ms)?$/
const AMOUNT = /^\d+(\.\d+)?$/
const HINT = 'Write 30s, 5m, 1h30m, 2d or a number of seconds.'

/** Seconds of `1h30m`, `45` or 45. InvalidInput names `field`; negative, infinite and empty are refused. */
export function parseDuration(value: string | number, field = 'duration'): number {
  const seconds = typeof value === 'number' ? value : secondsOf(value.trim())
  const wrong = seconds < 0 ? 'is negative' : 'is not a duration'
  if (!(seconds >= 0 && Number.isFinite(seconds))) throw invalid(field, `'${value}' ${wrong}`, HINT)
  return seconds
}

function secondsOf(text: string): number {
  if (AMOUNT.test(text.replace(/^-/, ''))) return Number(text)
  const found = text ? TEXT.exec(text) : null
  const amounts = found?.slice(1) ?? []
  if (!found || amounts.some(each => each !== undefined && !AMOUNT.test(each))) return Number.NaN
  return Object.values(UNITS).reduce((sum, unit, place) => sum + Number(amounts[place] ?? 0) * unit, 0)
}

const SHOWN = [
  [86_400, 3_600, 'd', 'h'],
  [3_600, 60, 'h', 'm'],
  [60, 1, 'm', 's'],
] as const

/** For people, two units at most: `0.4s`, `42s`, `3m 05s`, `2h 07m`, `1d 03h`. Below a minute, tenths under 10 s. */
export function durationText(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1).replace('.0', '')}s`
  const whole = Math.round(seconds)
  for (const [big, small, name, minor] of SHOWN) {
    if (whole < big) continue
    const rest = Math.floor((whole % big) / small)
    return `${Math.floor(whole / big)}${name} ${String(rest).padStart(2, '0')}${minor}`
  }
  return `${whole}s`
}

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?)?(Z|[+-]\d\d(?::?\d\d)?)?)?$/

/** The instant (ms) of an ISO 8601 text; without a zone it is taken as UTC. InvalidInput names `field`. */
export function parseInstant(text: string, field = 'time'): number {
  const [, year, month, day, hour = '00', minute = '00', second = '00', part = '0', zone = 'Z'] =
    ISO.exec(text) ?? []
  const written = `${year}-${month}-${day}T${hour}:${minute}:${second}`
  const at = Date.parse(`${written}Z`)
  if (Number.isNaN(at) || !new Date(at).toISOString().startsWith(written)) {
    throw invalid(field, `'${text}' is not an ISO 8601 time`, 'Write 2026-11-22T08:21:07Z.')
  }
  return at + Math.round(Number(`0.${part}`) * 1000) - offsetMs(zone)
}

function offsetMs(zone: string): number {
  if (zone === 'Z') return 0
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0')
  return Number(`${zone[0]}1`) * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))) * 60_000
}

/** As the server says it: `field: problem.` */
export function invalid(field: string, problem: string, hint: string): InvalidInput {
  return new InvalidInput(`${field}: ${problem}.`, { code: 'invalid_input', field, hint, status: 422 })
}
