/** A statement changes a row once: a second change of the same row comes in the next round. */
export function roundsOf<Item>(
  items: readonly Item[],
  idOf: (item: Item) => number,
): readonly (readonly Item[])[] {
  const all: Item[][] = []
  const counts = new Map<number, number>()
  for (const item of items) {
    const nth = counts.get(idOf(item)) ?? 0
    counts.set(idOf(item), nth + 1)
    const round = all[nth] ?? []
    all[nth] = round
    round.push(item)
  }
  return all
}
