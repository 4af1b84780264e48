import { readFileSync } from 'node:fs'
import { KINDS, type Kind } from '../core/order.ts'
import { compilePlan } from '../core/plan.ts'
import { defaultPolicy, type Policy, reviewPolicy } from '../core/policy.ts'
import { VerdictError } from '../errors.ts'
import { inColumns, seconds } from './text.ts'

/** The schedule of every kind in words, with the guide's rule behind each line. */
export function explainPolicies(policies: Partial<Record<Kind, Policy>> = {}): string {
  return KINDS.map((kind) => explainPolicy(kind, policies[kind] ?? defaultPolicy(kind))).join('\n\n')
}

function explainPolicy(kind: Kind, policy: Policy): string {
  const rows = compilePlan(kind, policy)
    .explain()
    .map(({ atMs, what, rule }) => [seconds(atMs), what, `guide ${rule}`])
  const { warnings } = reviewPolicy(kind, policy)
  const { policy: name } = policy
  return [
    `${kind} (${name})`,
    ...inColumns(rows),
    ...warnings.map((warning) => `  warning: ${warning}`),
  ].join('\n')
}

/** Policies of a JSON file, by kind. What they say is checked when they are compiled. @throws OPTION_INVALID */
export function policiesIn(file: string): Partial<Record<Kind, Policy>> {
  let json: unknown
  try {
    json = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new VerdictError(
      'OPTION_INVALID',
      `${file} can't be read; expected a JSON file with policies by kind`,
      { cause },
    )
  }
  const names = typeof json === 'object' && json !== null ? Object.keys(json) : []
  const strange = names.find((name) => !KINDS.some((kind) => kind === name))
  if (names.length === 0 || strange !== undefined) {
    throw new VerdictError(
      'OPTION_INVALID',
      `${file} names ${strange ?? 'no kind'}; expected ${KINDS.join(', ')}`,
    )
  }
  return json as Partial<Record<Kind, Policy>>
}
