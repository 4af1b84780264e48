import { VerdictError } from '../../errors.ts'

/* Cells of JSON, which our own code wrote: anything else is somebody else's. */

/** @throws STORE_INVALID */
export function objectIn(json: string, what: string): object {
  const value = parsed(json)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new VerdictError('STORE_INVALID', `a row's ${what} is no JSON object, expected one`)
}

/** @throws STORE_INVALID */
export function listIn(json: string, what: string): readonly unknown[] {
  const value = parsed(json)
  if (Array.isArray(value)) return value
  throw new VerdictError('STORE_INVALID', `a row's ${what} are no JSON list, expected one`)
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
