/** Lines in the address: `L=120` or `L=120-140`. Pure. */

export interface Picked {
  readonly from: number
  readonly to: number
}

/** Of a search parameter; undefined for what is none. */
export function pickedOf(text: string | undefined): Picked | undefined {
  const [, first, last] = /^L?(\d{1,12})(?:-L?(\d{1,12}))?$/.exec(text ?? '') ?? []
  const from = Number(first ?? 0)
  const to = Number(last ?? from)
  if (from < 1 || to < 1) return undefined
  return from <= to ? { from, to } : { from: to, to: from }
}

export function pickedText({ from, to }: Picked): string {
  return from === to ? String(from) : `${from}-${to}`
}

/** After a click on a line: alone, or (`extend`) together with what was picked; the one picked line again: none. */
export function pick(before: Picked | undefined, line: number, extend: boolean): Picked | undefined {
  if (!before || !extend) {
    return before?.from === line && before.to === line ? undefined : { from: line, to: line }
  }
  return line < before.from ? { from: line, to: before.to } : { from: before.from, to: line }
}
