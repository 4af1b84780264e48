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

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((part) => isDeeper(part, levels - 1))
}
