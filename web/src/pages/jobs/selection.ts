/**
 * Which jobs of a list are selected: single ones, a range from the last one, all that are loaded, or all that match.
 *
 * Pure and immutable. Must never know rows or actions. Called by the jobs page.
 */

export interface Selection {
  readonly ids: ReadonlySet<string>
  /** Where a range begins: the last one that was selected or taken back. */
  readonly anchor: string | undefined
  /** Not the ids but everything that matches the filter is meant. */
  readonly all: boolean
}

export const NOTHING: Selection = { ids: new Set(), anchor: undefined, all: false }

export function isEmpty(selection: Selection): boolean {
  return !selection.all && selection.ids.size === 0
}

/** One more, or one less. Of "all that match" only the loaded ones remain then. */
export function toggle(selection: Selection, id: string): Selection {
  const ids = new Set(selection.ids)
  if (!ids.delete(id)) ids.add(id)
  return { ids, anchor: id, all: false }
}

/** Everything between the anchor and `id` as well; without an anchor in sight, `id` alone. */
export function rangeTo(selection: Selection, order: readonly string[], id: string): Selection {
  const from = selection.anchor === undefined ? -1 : order.indexOf(selection.anchor)
  const to = order.indexOf(id)
  if (from < 0 || to < 0)
    return { ...toggle({ ...selection, ids: without(selection.ids, id) }, id), all: false }
  const between = order.slice(Math.min(from, to), Math.max(from, to) + 1)
  return { ids: new Set([...selection.ids, ...between]), anchor: selection.anchor, all: false }
}

/** All that are loaded; nothing, where they were already. */
export function toggleLoaded(selection: Selection, order: readonly string[]): Selection {
  return holdsAll(selection, order) ? NOTHING : { ids: new Set(order), anchor: undefined, all: false }
}

export function holdsAll(selection: Selection, order: readonly string[]): boolean {
  return order.length > 0 && order.every(id => selection.ids.has(id))
}

/** All that match, loaded or not. */
export function everything(order: readonly string[]): Selection {
  return { ids: new Set(order), anchor: undefined, all: true }
}

/** The row `step` away from `active` in the order; the first (or last) where none is active. */
export function neighbour(
  order: readonly string[],
  active: string | undefined,
  step: number,
): string | undefined {
  const here = active === undefined ? -1 : order.indexOf(active)
  if (here < 0) return step > 0 ? order[0] : order.at(-1)
  return order[Math.max(0, Math.min(order.length - 1, here + step))]
}

function without(ids: ReadonlySet<string>, id: string): ReadonlySet<string> {
  return new Set([...ids].filter(each => each !== id))
}
