import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { VerdictError } from '../errors.ts'
import type { ApiKey } from '../store/store.ts'
import type { Desk } from './desk.ts'
import type { Route } from './route.ts'

const LENGTH_MAX = 128

/**
 * The `Idempotency-Key` of a request, once it is certain that the key never stood for another request of this caller.
 * What is done twice under one key needs no stored answer: an order's number and a refund's key make each the same again.
 *
 * @throws IDEMPOTENCY_CONFLICT, REQUEST_INVALID
 */
export async function idempotent(
  { store, clock }: Desk,
  route: Route,
  { caller, request, parts }: { caller: ApiKey; request: FastifyRequest; parts: object },
): Promise<string | null> {
  const key = request.headers['idempotency-key']
  if (key === undefined && route.creates === 'with-key')
    throw new VerdictError('REQUEST_INVALID', 'the header Idempotency-Key is missing; expected one')
  if (key === undefined) return null
  if (typeof key !== 'string' || key.length < 1 || key.length > LENGTH_MAX) {
    throw new VerdictError(
      'REQUEST_INVALID',
      `Idempotency-Key has to be one of 1 to ${LENGTH_MAX} characters`,
    )
  }
  // Of what was understood, not of the bytes: blanks and the order of fields make no other request.
  const asked = jsonOf([route.method, route.path, parts])
  const hash = createHash('sha256').update(asked).digest('hex')
  const claimed = await store.claimRequest({
    ...{ caller: caller.id, key, hash },
    nowMs: clock.nowMs(),
  })
  if (claimed !== 'other') return key
  const message = `the Idempotency-Key ${JSON.stringify(key)} was used with another request; expected a new one`
  throw new VerdictError('IDEMPOTENCY_CONFLICT', message)
}

/** Whoever nests deeper than the stack has made a mistake, and not we. */
function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch {
    throw new VerdictError('REQUEST_INVALID', 'the body is nested too deep')
  }
}
