import { UNKNOWN_APART_MS, USABLE_MS } from './core/decide.ts'
import { isFinal, nameOf, type Order } from './core/order.ts'
import type { Evidence } from './core/outcome.ts'
import { reactionTo } from './core/reaction.ts'
import { fitOf } from './core/statement.ts'
import { meaningOf } from './core/trade-state.ts'
import type { PlatformKey } from './store/store.ts'
import { checkEvidence } from './wechatpay/evidence.ts'
import { jsonObjectFrom, textOf } from './wechatpay/json.ts'
import { tradeStatementFrom } from './wechatpay/trade-statement.ts'

/** Whether stored evidence proves an order's verdict, and in words why. */
export interface Proof {
  readonly holds: boolean
  readonly because: string
}

/**
 * Checks an order's verdict again, offline: the signature over the stored bytes with the stored public key, and that
 * the signed bytes state this verdict for this order. Believes nothing that the order's own row says about its evidence.
 */
export function proofOf(order: Order, evidence: readonly Evidence[], keys: readonly PlatformKey[]): Proof {
  if (!isFinal(order)) return no(`${nameOf(order)} is ${order.state}; it has no verdict to prove`)
  const signed = evidence.filter((piece) => isSigned(piece, order.account, keys))
  const forged = evidence.length - signed.length
  if (forged > 0) return no(`${forged} of ${evidence.length} stored statements don't verify`)
  return order.state === 'NOT_CREATED' ? proofOfAbsence(order, signed) : proofOfState(order, signed)
}

function isSigned(piece: Evidence, account: string, keys: readonly PlatformKey[]): boolean {
  const key = keys.find(({ serial, account: owner }) => serial === piece.serial && owner === account)
  return key !== undefined && checkEvidence(piece, key.publicKey)
}

function proofOfState(order: Order, signed: readonly Evidence[]): Proof {
  for (const piece of signed.toReversed()) {
    const json = jsonObjectFrom(piece.body)
    const statement = json === null ? null : tradeStatementFrom(json)
    if (statement === null || fitOf(order, statement).fit !== 'names it') continue
    const meaning = meaningOf(statement.trade_state)
    if (MEANINGS[order.state] === meaning) {
      return yes(
        `WeChat Pay signed ${statement.trade_state} for ${nameOf(order)} with ${piece.serial} at ${piece.timestamp}`,
      )
    }
  }
  return no(`no stored statement says ${order.state} for ${nameOf(order)}`)
}

const MEANINGS: Partial<Record<Order['state'], string>> = {
  SUCCESS: 'paid',
  CLOSED: 'closed',
  REVOKED: 'revoked',
}

/** An error's bytes don't name the order; the question that was asked does, and it is ours. */
function proofOfAbsence(order: Order, signed: readonly Evidence[]): Proof {
  const fromMs = order.latestPlacingAtMs + USABLE_MS
  const denials = signed.filter((piece) => {
    const code = textOf(jsonObjectFrom(piece.body)?.code)
    const asksForIt = piece.request.includes(`/${encodeURIComponent(order.out_trade_no)}?`)
    return (
      code !== undefined &&
      reactionTo('query', code) === 'unknown' &&
      asksForIt &&
      piece.receivedAtMs > fromMs
    )
  })
  const [first, last] = [denials[0], denials.at(-1)]
  if (
    first === undefined ||
    last === undefined ||
    last.receivedAtMs - first.receivedAtMs < UNKNOWN_APART_MS / 2
  ) {
    return no(
      `expected two signed "no such order", ${UNKNOWN_APART_MS} ms apart; ${denials.length} are stored`,
    )
  }
  return yes(
    `WeChat Pay signed "no such order" ${denials.length} times for the question about ${nameOf(order)} (the signed bytes don't name the order, the stored question does)`,
  )
}

function yes(because: string): Proof {
  return { holds: true, because }
}

function no(because: string): Proof {
  return { holds: false, because }
}
