import { type ApiError, paramError } from './api-error.ts'
import type { WireRequest } from './exchange.ts'

/** `required`: WeChat Pay may refuse a request for its headers, and does here. */
export type HeaderSetting = 'free' | 'required'

const JSON_TYPE = /^application\/json\s*(;|$)/i

/**
 * What the rules want of every request: Accept and User-Agent, without which WeChat Pay may refuse it, and application/json
 * as the type of a body. Which types Accept names is left to the client, as the official ones differ there.
 */
export function headerFault({ method, headers }: WireRequest, setting: HeaderSetting): ApiError | null {
  if (setting === 'free') return null
  for (const [field, name] of [
    ['Accept', 'accept'],
    ['User-Agent', 'user-agent'],
  ] as const) {
    if (!headers[name]) return fault(field, undefined, 'is required')
  }
  const type = headers['content-type']
  if (method !== 'POST' || JSON_TYPE.test(type ?? '')) return null
  return fault('Content-Type', type, type === undefined ? 'is required' : 'is not application/json')
}

function fault(field: string, value: string | undefined, issue: string): ApiError {
  return paramError({ field, value, issue, location: 'header' })
}
