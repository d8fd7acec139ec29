/** Time since a job began, as a log shows it: `+0:04.120`, `+1:02:03.400`, `-0:00.050`. Pure. */

export function sinceText(ms: number): string {
  const sign = ms < 0 ? '-' : '+'
  const whole = Math.abs(Math.round(ms))
  const two = (part: number): string => String(part).padStart(2, '0')
  const [hours, minutes] = [Math.floor(whole / 3_600_000), Math.floor(whole / 60_000) % 60]
  const seconds = `${two(Math.floor(whole / 1_000) % 60)}.${String(whole % 1_000).padStart(3, '0')}`
  return hours ? `${sign}${hours}:${two(minutes)}:${seconds}` : `${sign}${minutes}:${seconds}`
}
