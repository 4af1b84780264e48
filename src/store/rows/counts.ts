/** By state, without those that nobody is in. */
export function countsOf<State extends string>(
  rows: ReadonlyArray<readonly [state: State, count: number]>,
): Readonly<Partial<Record<State, number>>> {
  const some: Partial<Record<State, number>> = {}
  for (const [state, count] of rows) if (count > 0) some[state] = count
  return some
}
