/** Headers of a message: names in lower case; a name that came several times has an array. */
export interface HeaderMap {
  readonly [name: string]: string | readonly string[] | undefined
}

/**
 * Headers from name, value, name, value, … as Node's `rawHeaders` has them, whatever the case of the names. Its
 * `headers` would not do: they join what came twice, and a doubled signature header must be seen as such.
 */
export function headersFromFlat(flat: readonly string[]): HeaderMap {
  const map: { [name: string]: string | string[] } = Object.create(null)
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const name = (flat[i] ?? '').toLowerCase()
    const value = flat[i + 1] ?? ''
    const before = map[name]
    if (Array.isArray(before)) before.push(value)
    else map[name] = before === undefined ? value : [before, value]
  }
  return map
}
