import { ERRORS, VerdictError } from '../../src/errors.ts'
import { must } from './target.ts'

/** Longer than all that can be said about a policy of thirty moments: somebody's input came back whole. */
const SENTENCE_MAX = 8_000

/** What no sentence may hold; with `where`, only such sentences. */
export interface Secret {
  readonly text: string
  readonly where?: RegExp
}

export type Attempted<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly code: string }

/**
 * What comes of handing something in: it is taken, or refused in one sentence with a stable code and none of the secrets.
 * Whatever else is thrown goes on: it is a failure.
 */
export function attempted<Value>(task: () => Value, secrets: readonly Secret[]): Attempted<Value> {
  try {
    return { ok: true, value: task() }
  } catch (error) {
    return { ok: false, code: judgedError(error, secrets) }
  }
}

export function judgedError(error: unknown, secrets: readonly Secret[]): string {
  if (!(error instanceof VerdictError)) throw error
  const { code, message } = error
  must(Object.hasOwn(ERRORS, code), `the code ${code} is unknown`)
  must(
    message.length > 0 && message.length <= SENTENCE_MAX,
    `the sentence of ${code} has ${message.length} characters`,
  )
  const told = secrets.find(({ text, where }) => message.includes(text) && where?.test(message) !== false)
  must(told === undefined, () => `a secret stands in the sentence of ${code}: ${message}`)
  return code
}
