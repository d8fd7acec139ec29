/** Numbers, sizes, durations and times as words. One formatter for tables, logs and charts alike. */

const GROUPED = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 })
const SHORT = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 })
const SIZES = ['B', 'KB', 'MB', 'GB', 'TB', 'PB']

/** `12,345`; `0.25`. */
export function amount(value: number | bigint): string {
  return GROUPED.format(typeof value === 'number' && Math.abs(value) >= 1000 ? Math.round(value) : value)
}

/** `12,345` up to five digits, then `1.2M`: for badges and cards. */
export function brief(value: number): string {
  return Math.abs(value) < 100_000 ? amount(value) : SHORT.format(value)
}

/** `1.5 MB` (powers of 1024). */
export function size(bytes: number): string {
  let value = bytes
  let unit = 0
  while (Math.abs(value) >= 1023.95 && unit < SIZES.length - 1) {
    value /= 1024
    unit += 1
  }
  const shown =
    unit === 0
      ? String(Math.round(value))
      : value.toLocaleString('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 })
  return `${shown} ${SIZES[unit]}`
}

/** `42 %`, never rounded up to 100. */
export function percent(fraction: number): string {
  return `${fraction >= 1 ? 100 : Math.min(99, Math.floor(fraction * 100))} %`
}

/** A clock of what runs: `0:42`, `12:05`, `2:00:05`, `3 d 04:00`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const [days, hours, minutes, rest] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3_600) % 24,
    Math.floor(whole / 60) % 60,
    whole % 60,
  ]
  const two = (part: number) => String(part).padStart(2, '0')
  if (days) return `${days} d ${two(hours)}:${two(minutes)}`
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`
}

/** What something took: `340 ms`, `2.4 s`, `12:05`. */
export function spent(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`
  return seconds < 60 ? `${seconds.toFixed(seconds < 10 ? 1 : 0)} s` : clock(seconds)
}

/** An age in its largest unit: `now`, `42 s`, `3 min`, `5 h`, `12 d`. */
export function age(seconds: number): string {
  const value = Math.max(0, seconds)
  if (value < 1) return 'now'
  if (value < 60) return `${Math.floor(value)} s`
  if (value < 3_600) return `${Math.floor(value / 60)} min`
  if (value < 172_800) return `${Math.floor(value / 3_600)} h`
  return `${Math.floor(value / 86_400)} d`
}

/** `7 s`, as after "for": what began now has lasted a moment. */
export function lasting(seconds: number): string {
  return seconds < 1 ? 'a moment' : age(seconds)
}

const STYLES: Record<string, Intl.DateTimeFormatOptions> = {
  time: { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
  precise: {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
    hourCycle: 'h23',
  },
  full: {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
    hourCycle: 'h23',
    timeZoneName: 'short',
  },
  day: { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
}
const formatters = new Map<string, Intl.DateTimeFormat>()

/** An instant in the reader's zone or UTC: `time` 08:21:07, `precise` 08:21:07.412, `day` Nov 22, 08:21, `full`. */
export function instant(
  at: string | number,
  style: 'time' | 'precise' | 'day' | 'full',
  zone: 'local' | 'utc',
): string {
  const key = `${style} ${zone}`
  let formatter = formatters.get(key)
  if (!formatter) {
    formatter = new Intl.DateTimeFormat('en-GB', {
      ...STYLES[style],
      ...(zone === 'utc' ? { timeZone: 'UTC' } : {}),
    })
    formatters.set(key, formatter)
  }
  return formatter.format(typeof at === 'string' ? Date.parse(at) : at)
}

/** `1 job`, `3 jobs`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${amount(count)} ${count === 1 ? one : many}`
}
