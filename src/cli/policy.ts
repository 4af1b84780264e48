import { readFileSync } from 'node:fs'
import { type Policies, policiesFrom } from '../config.ts'
import { KINDS, type Kind } from '../core/order.ts'
import { compilePlan } from '../core/plan.ts'
import { defaultPolicy, type Policy, reviewPolicy } from '../core/policy.ts'
import { VerdictError } from '../errors.ts'
import { inColumns, seconds } from './text.ts'

/** The schedule of every kind in words, with the guide's rule behind each line. @throws POLICY_INVALID */
export function explainPolicies(policies: Policies = {}): string {
  return KINDS.map((kind) => explainPolicy(kind, policies[kind] ?? defaultPolicy(kind))).join('\n\n')
}

function explainPolicy(kind: Kind, policy: Policy): string {
  const rows = compilePlan(kind, policy)
    .explain()
    .map(({ atMs, what, rule }) => [seconds(atMs), what, `guide ${rule}`])
  const { warnings } = reviewPolicy(kind, policy)
  return [
    `${kind} (${policy.policy})`,
    ...inColumns(rows),
    ...warnings.map((warning) => `  warning: ${warning}`),
  ].join('\n')
}

/** Policies of a JSON file, by kind. @throws OPTION_INVALID */
export function policiesIn(file: string): Policies {
  const expected = 'a JSON file with policies by kind'
  const policies = policiesFrom(jsonIn(file, expected), file)
  if (Object.keys(policies).length > 0) return policies
  throw new VerdictError('OPTION_INVALID', `${file} names no kind; expected ${expected}: ${KINDS.join(', ')}`)
}

function jsonIn(file: string, expected: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new VerdictError('OPTION_INVALID', `${file} can't be read; expected ${expected}`, { cause })
  }
}
