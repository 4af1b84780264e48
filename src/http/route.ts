import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { ApiKey, ApiRole } from '../store/store.ts'
import { type FieldError, RequestInvalid } from './problem.ts'

/** One address of the API: what it takes, what it gives, who may call it. OpenAPI and the server are made from it. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** With `{name}` where a parameter stands. */
  readonly path: string
  /** Null: nobody needs a key. */
  readonly role: ApiRole | null
  readonly tag: string
  readonly summary: string
  readonly description?: string
  readonly params: z.ZodType
  readonly query: z.ZodType
  /** Null where there is none. */
  readonly body: z.ZodType | null
  readonly reply: z.ZodType
  readonly status: number
  /** Of the reply; JSON of `reply` unless something else. */
  readonly produces: string
  /** Whether it takes an `Idempotency-Key`, because it creates something; `with-key` if it wants one. */
  readonly creates: boolean | 'with-key'
  readonly handle: (request: RouteRequest) => Promise<unknown>
}

/** What `produces` says of a route whose answer has no end. */
export const EVENT_STREAM = 'text/event-stream'

export interface RouteRequest {
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
  readonly caller: ApiKey
  /** The caller's session; null for one who came with his key. */
  readonly cookie: string | null
  /** Null without one. */
  readonly idempotencyKey: string | null
  /** Whether the caller may still do this: for what lasts. */
  readonly stillMay: () => Promise<boolean>
  /** For what stands in no schema: addresses, cookies, streams. */
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

export interface TypedRequest<P, Q, B> extends Omit<RouteRequest, 'params' | 'query' | 'body'> {
  readonly params: P
  readonly query: Q
  readonly body: B
}

const NOTHING = z.strictObject({})

interface RouteSketch<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType> {
  readonly method: Route['method']
  readonly path: string
  readonly role: Route['role']
  readonly tag: string
  readonly summary: string
  readonly description?: string
  readonly params?: P
  readonly query?: Q
  readonly body?: B
  readonly reply: R
  readonly status?: number
  readonly produces?: string
  readonly creates?: Route['creates']
  readonly handle: (
    request: TypedRequest<z.output<P>, z.output<Q>, z.output<B>>,
  ) => Promise<z.input<R>> | z.input<R>
}

/** Keeps the types of a route's parts together. */
export function route<
  P extends z.ZodType = typeof NOTHING,
  Q extends z.ZodType = typeof NOTHING,
  B extends z.ZodType = typeof NOTHING,
  R extends z.ZodType = z.ZodType,
>(sketch: RouteSketch<P, Q, B, R>): Route {
  const { params = NOTHING, query = NOTHING, body = null, status = 200, creates = false, handle } = sketch
  const { produces = 'application/json' } = sketch
  return {
    ...sketch,
    ...{ params, query, body, status, produces, creates },
    // The schemas below have given the parts these types.
    handle: async (request) => handle(request as TypedRequest<z.output<P>, z.output<Q>, z.output<B>>),
  }
}

/** The parts of a request, checked. @throws REQUEST_INVALID with every field that is wrong */
export function partsOf({ params, query, body }: Route, request: FastifyRequest) {
  const errors: FieldError[] = []
  const parse = (schema: z.ZodType, given: unknown, where: string): unknown => {
    const parsed = schema.safeParse(given)
    if (parsed.success) return parsed.data
    errors.push(...parsed.error.issues.flatMap((issue) => fieldErrors(issue, where)))
    return undefined
  }
  const parts = {
    params: parse(params, request.params ?? {}, '/path'),
    query: parse(query, request.query ?? {}, '/query'),
    // Where a body is wanted, one that got lost is not taken for an empty one: a refund's would mean all of the money.
    body: parse(body ?? NOTHING, request.body ?? (body === null ? {} : undefined), ''),
  }
  if (errors.length > 0) throw new RequestInvalid(errors)
  return parts
}

function fieldErrors(issue: z.core.$ZodIssue, where: string): readonly FieldError[] {
  const pointer = [
    where,
    ...issue.path.map((part) => String(part).replaceAll('~', '~0').replaceAll('/', '~1')),
  ]
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ pointer: [...pointer, key].join('/'), detail: 'is unknown' }))
  }
  return [{ pointer: pointer.join('/'), detail: issue.message }]
}
