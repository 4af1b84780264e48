import type { Order } from '../../src/core/order.ts'
import type { Happened } from './happening.ts'
import type { Letter } from './letters.ts'
import { onTheirWay, type Request, type World } from './world.ts'

/* What always holds for verdicts: held against the signed bytes, and against WeChat Pay's truth. */

export const FINAL: ReadonlySet<string> = new Set(['SUCCESS', 'CLOSED', 'REVOKED', 'NOT_CREATED'])

/** The sentences whose condition doesn't hold. */
export function unless(rules: readonly (readonly [holds: boolean, broken: string])[]): readonly string[] {
  return rules.filter(([holds]) => !holds).map(([, broken]) => broken)
}

/** 3.1 no verdict without evidence, 3.2 silence proves nothing, 3.3 a verdict never falls. */
export function brokenVerdictRules(before: World, { world, change, learnt }: Happened): readonly string[] {
  const { order: old } = before
  const { order } = world
  if (!('verdict' in order)) return unless([[!FINAL.has(old.state), `${old.state} falls`]])
  if ('verdict' in old)
    return unless([
      [order.state === old.state, `${old.state} becomes ${order.state}`],
      [order.verdict === old.verdict, 'a verdict was rewritten'],
    ])
  const { evidence, state } = order.verdict
  const isSilent =
    learnt === null ||
    !('outcome' in learnt || learnt.call === 'callback') ||
    ('outcome' in learnt && learnt.outcome.kind === 'no-answer')
  return unless([
    [!isSilent, `${state} from silence`],
    [state === order.state, 'the verdict is of another state'],
    [evidence !== null && change?.evidence.includes(evidence) === true, `${state} without its evidence`],
    [
      evidence === null || proves(JSON.parse(evidence.body), order),
      `${state}: its evidence says something else`,
    ],
    [fitsTruth(order.state, world), `${state}, but WeChat Pay: ${world.truth.state}`],
    [!canChange(order.state, onTheirWay(world)), `${state}, but a request may still undo it`],
  ])
}

function proves(letter: Letter, { state, account, out_trade_no, total, currency }: Order): boolean {
  if (state === 'NOT_CREATED') return letter.code === 'ORDER_NOT_EXIST'
  if (letter.mchid !== account || letter.out_trade_no !== out_trade_no) return false
  if (state !== 'SUCCESS') return letter.trade_state === state
  const isPaid = letter.trade_state === 'SUCCESS' || letter.trade_state === 'REFUND'
  return isPaid && letter.total === total && letter.currency === currency
}

function fitsTruth(state: Order['state'], { truth }: World): boolean {
  switch (state) {
    case 'SUCCESS':
      return truth.state === 'paid'
    case 'CLOSED':
      return truth.state === 'closed'
    case 'REVOKED':
      return truth.state === 'revoked'
    default:
      return truth.state === 'none'
  }
}

function canChange(state: Order['state'], requests: readonly Request[]): boolean {
  const call = state === 'SUCCESS' ? 'reverse' : state === 'NOT_CREATED' ? 'place' : null
  return requests.some((request) => request.call === call)
}
