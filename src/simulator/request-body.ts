/** The JSON object of a request's body, or what is there instead. */
export type RequestBody =
  | { readonly object: Readonly<Record<string, unknown>> }
  | { readonly object: null; readonly what: string }

/** Far beyond WeChat Pay's own structures, far from the end of the stack: whoever walks through a body may recurse. */
const DEPTH_MAX = 100

export function requestBody(text: string): RequestBody {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { object: null, what: 'no JSON' }
  }
  if (isDeeper(value, DEPTH_MAX)) return { object: null, what: `nested more than ${DEPTH_MAX} deep` }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { object: null, what: 'another JSON value' }
  }
  return { object: { ...value } }
}

/** The same of a request on the wire, where a member that is null may be left out: it is taken as left out, at any depth. */
export function wireBody(text: string): RequestBody {
  const body = requestBody(text)
  return body.object === null ? body : { object: withoutNulls(body.object) }
}

function withoutNulls(object: object): Readonly<Record<string, unknown>> {
  const members = Object.entries(object).filter(([, value]) => value !== null)
  return Object.fromEntries(members.map(([name, value]) => [name, inner(value)]))
}

/** A null in an array is an element: without it the others would move. */
function inner(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inner)
  return typeof value === 'object' && value !== null ? withoutNulls(value) : value
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((part) => isDeeper(part, levels - 1))
}
