import { z } from 'zod'
import { KINDS, type Kind } from './core/order.ts'
import { LATE_MONEY_POLICIES, type Policy } from './core/policy.ts'
import { cut, shown, VerdictError } from './errors.ts'

/** What people write down for Verdict, as data: the one place that gives it a type. */

const common = {
  firstMs: z.number(),
  windowMs: z.number(),
  queriesMax: z.number().exactOptional(),
  lateMoney: z.enum(LATE_MONEY_POLICIES).exactOptional(),
}
const POLICY = z.discriminatedUnion('policy', [
  z.strictObject({ policy: z.literal('fixed'), ...common, everyMs: z.number(), jitterMs: z.number() }),
  z.strictObject({ policy: z.literal('backoff'), ...common, factor: z.number(), everyMsMax: z.number() }),
  z.strictObject({
    policy: z.literal('twoPeriod'),
    ...common,
    queriesAtMs: z.array(z.number()),
    thenEveryMs: z.number(),
  }),
])
export const POLICIES = z.strictObject(
  Object.fromEntries(KINDS.map((kind) => [kind, POLICY.exactOptional()])) as Record<
    Kind,
    z.ZodExactOptional<typeof POLICY>
  >,
)

export type Policies = { readonly [K in Kind]?: Policy }

/**
 * Policies by kind, as a file or a caller without types gives them. Only their shape is checked: whether the guide
 * allows them is for `reviewPolicy`.
 *
 * @param where what the sentence of an error begins with
 * @throws OPTION_INVALID with one sentence about the first thing that is wrong
 */
export function policiesFrom(given: unknown, where: string): Policies {
  const parsed = POLICIES.safeParse(given)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new VerdictError(
    'OPTION_INVALID',
    `${where}: ${issue === undefined ? 'wrong' : inWords(issue, given)}`,
  )
}

function inWords(issue: z.core.$ZodIssue, given: unknown): string {
  const { path } = issue
  if (issue.code === 'unrecognized_keys') {
    const known = path.length === 0 ? `one of ${KINDS.join(', ')}` : 'only the fields of its policy'
    return `${named([...path, ...issue.keys.slice(0, 1)])} is unknown; expected ${known}`
  }
  if (issue.code === 'invalid_union') return sentence(path, given, 'fixed, backoff or twoPeriod')
  return sentence(
    path,
    given,
    issue.code === 'invalid_type' ? (WORDS[issue.expected] ?? issue.expected) : issue.message,
  )
}

const WORDS: Readonly<Record<string, string>> = {
  number: 'a number',
  array: 'a list of numbers',
  object: 'an object',
}

function sentence(path: readonly PropertyKey[], given: unknown, expected: string): string {
  const value = path.reduce<unknown>(
    (part, name) => (typeof part === 'object' && part !== null ? Reflect.get(part, name) : undefined),
    given,
  )
  return `${named(path)} is ${shown(value)}; expected ${expected}`
}

function named(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'the value'
  return path
    .map((name, i) => (typeof name === 'number' ? `[${name}]` : `${i > 0 ? '.' : ''}${cut(String(name))}`))
    .join('')
}
