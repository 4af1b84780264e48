import { learnClock } from './clock.ts'
import { session } from './session.ts'
import type { Problem } from './types.ts'

/** What the service refused or failed to do, in its own words. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail)
    this.problem = problem
  }
}

/** No answer, or none of the service: the network, or something between. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable'
}

export interface Asking {
  readonly query?: Readonly<Record<string, string | number | undefined>>
  readonly body?: unknown
  readonly idempotencyKey?: string
  readonly signal?: AbortSignal
}

/** @throws ApiError, Unreachable, and the signal's reason */
export function get<Result>(path: string, asking: Asking = {}): Promise<Result> {
  return ask('GET', path, asking)
}

/** @throws ApiError, Unreachable */
export function post<Result>(path: string, asking: Asking = {}): Promise<Result> {
  return ask('POST', path, asking)
}

/** @throws ApiError, Unreachable */
export function del<Result>(path: string, asking: Asking = {}): Promise<Result> {
  return ask('DELETE', path, asking)
}

async function ask<Result>(method: string, path: string, asking: Asking): Promise<Result> {
  const { body, idempotencyKey, signal } = asking
  const csrf = session.value?.csrf
  const headers = {
    accept: 'application/json',
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...(method !== 'GET' && csrf != null && { 'x-verdict-csrf': csrf }),
    ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
  }
  const reply = await reached(`${path}${searchOf(asking)}`, {
    method,
    headers,
    credentials: 'same-origin',
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal !== undefined && { signal }),
  })
  learnClock(reply.headers.get('x-verdict-clock'))
  const text = await reply.text()
  if (reply.ok) return (text === '' ? undefined : JSON.parse(text)) as Result
  const problem = problemIn(text)
  // Signed out elsewhere, or the service was started again.
  if (reply.status === 401 && session.value !== null) session.value = null
  if (problem === null) throw new Unreachable(`HTTP ${reply.status}`)
  throw new ApiError(problem)
}

async function reached(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch (error) {
    if (init.signal?.aborted) throw error
    throw new Unreachable((error as Error).message)
  }
}

function searchOf({ query = {} }: Asking): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]],
  )
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`
}

function problemIn(text: string): Problem | null {
  try {
    const parsed = JSON.parse(text) as Problem
    return typeof parsed.code === 'string' && typeof parsed.detail === 'string' ? parsed : null
  } catch {
    return null
  }
}
