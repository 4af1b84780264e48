import { signal } from '@preact/signals'

/** Where we are: `#/orders/ord_42?tab=journal` → `['orders', 'ord_42']` and its query. */
export interface Place {
  readonly path: readonly string[]
  readonly query: URLSearchParams
}

export const place = signal<Place>(placeIn(location.hash))

addEventListener('hashchange', () => {
  const before = place.value.path.join('/')
  place.value = placeIn(location.hash)
  // A new page begins at its top; the same page with another filter stays where it is.
  if (place.value.path.join('/') !== before) scrollTo(0, 0)
})

export function placeIn(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2)
  return {
    path: path.split('/').filter(Boolean).map(decoded),
    query: new URLSearchParams(query),
  }
}

/** `href` of a place. Values that are undefined or empty are left out. */
export function linkTo(
  path: readonly string[],
  query: Readonly<Record<string, string | undefined>> = {},
): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]))
  const search = new URLSearchParams(given).toString()
  return `#/${path.map(encodeURIComponent).join('/')}${search === '' ? '' : `?${search}`}`
}

export function go(path: readonly string[], query: Readonly<Record<string, string | undefined>> = {}): void {
  location.hash = linkTo(path, query)
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
