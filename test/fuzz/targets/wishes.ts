import { checkKey, checkPlacement, type Placement } from '../../../src/core/placement.ts'
import { checkRefundWish } from '../../../src/core/refund-check.ts'
import type { Gateway } from '../../../src/gateway/gateway.ts'
import { globalV3Gateway } from '../../../src/gateway/wechatpay/global-v3.ts'
import { PLACING_PATHS, REFUNDS_PATH } from '../../../src/gateway/wechatpay/requests.ts'
import type { SimulatorCore } from '../../../src/simulator/index.ts'
import type { Chance } from '../chance.ts'
import { attempted, type Secret } from '../errors.ts'
import { number, text } from '../hostile.ts'
import { anyValue, placement } from '../placements.ts'
import { describedAnswer, type Mode, openSimulator, signedRequest } from '../simulated.ts'
import { must, type Target } from '../target.ts'
import { COMMON, INSTITUTION, NO_SIGNER, NOW_MS, STILL } from '../wechat-pay.ts'

/** What a shop asks for: refused in a sentence, or sent as JSON that WeChat Pay understands, even where it says no. */
export interface WishParts {
  readonly check?: typeof checkPlacement
}

export function wishesTarget({ check = checkPlacement }: WishParts = {}): Target {
  return {
    name: 'wishes',
    open: () => {
      const simulator = openSimulator(STILL)
      const gateways = { common: openGateway(COMMON), institutional: openGateway(INSTITUTION) }
      let numbers = 0
      return {
        run: (chance) => {
          const mode = chance.pick(['common', 'institutional'] as const)
          const parts = { simulator, gateway: gateways[mode], mode, check }
          if (chance.oneIn(4)) return refundWish(chance, parts)
          numbers += 1
          return placingWish(chance, parts, `N${numbers}`)
        },
        close: () => simulator.close(),
      }
    },
  }
}

interface Parts {
  readonly simulator: SimulatorCore
  readonly gateway: Gateway
  readonly mode: Mode
  readonly check: typeof checkPlacement
}

async function placingWish(
  chance: Chance,
  { simulator, gateway, mode, check }: Parts,
  out_trade_no: string,
): Promise<string> {
  const given = placement(chance, mode, out_trade_no)
  chance.input = given
  const wish = given as unknown as Placement
  const account = { mode, isLocal: false, merchant_category_code: chance.oneIn(8) ? undefined : '5311' }
  const secrets = secretsIn(given)
  const checked = attempted(() => {
    checkKey({
      account: gateway.identity.account,
      sub_mchid: wish.sub_mchid,
      out_trade_no: wish.out_trade_no,
    })
    return check(wish, account, NOW_MS)
  }, secrets)
  if (!checked.ok) return `place ${checked.code}`
  const body = gateway.draft(wish)
  must(typeof JSON.parse(body) === 'object', 'the drafted request is no JSON object')
  must(body === gateway.draft(wish), 'the same placement gives other bytes')
  must(body.isWellFormed(), 'the drafted request is no UTF-8')
  const answer = await simulator.handle(
    signedRequest(mode, { method: 'POST', url: PLACING_PATHS[wish.kind], body }),
  )
  must(!('connection' in answer) && answer.status < 500, `WeChat Pay answers ${describedAnswer(answer)}`)
  const code = answer.status === 200 ? '' : String(JSON.parse(answer.body).code)
  return `place ${wish.kind} ${answer.status} ${code}`
}

async function refundWish(chance: Chance, { simulator, gateway, mode }: Parts): Promise<string> {
  const wish = {
    key: chance.oneIn(3) ? anyValue(chance) : text(chance),
    amount: chance.oneIn(3) ? anyValue(chance) : chance.oneIn(2) ? null : number(chance),
    reason: chance.oneIn(3) ? anyValue(chance) : chance.oneIn(2) ? null : text(chance),
  }
  chance.input = wish
  const checked = attempted(() => checkRefundWish(wish as Parameters<typeof checkRefundWish>[0]), [])
  if (!checked.ok) return `refund ${checked.code}`
  const { amount, reason } = wish as { amount: number | null; reason: string | null }
  const body = gateway.draftRefund({
    account: gateway.identity.account,
    sub_mchid: mode === 'common' ? null : '1700000001',
    out_trade_no: `N${chance.below(2_000)}`,
    transaction_id: null,
    out_refund_no: `R${chance.below(2_000)}`,
    amount: { refund: amount ?? 1, total: 8_800, currency: 'HKD' },
    reason: reason ?? undefined,
  })
  must(typeof JSON.parse(body) === 'object', 'the drafted refund is no JSON object')
  const answer = await simulator.handle(signedRequest(mode, { method: 'POST', url: REFUNDS_PATH, body }))
  must(!('connection' in answer) && answer.status < 500, `WeChat Pay answers ${describedAnswer(answer)}`)
  return `refund ${answer.status} ${answer.status === 200 ? '' : JSON.parse(answer.body).code}`
}

/** A payment code is money: no sentence repeats one. */
function secretsIn({ payer }: Record<string, unknown>): readonly Secret[] {
  const code: unknown =
    typeof payer === 'object' && payer !== null ? Reflect.get(payer, 'auth_code') : undefined
  return typeof code === 'string' && /^1\d{17}$/.test(code) ? [{ text: code }] : []
}

function openGateway(account: typeof COMMON | typeof INSTITUTION): Gateway {
  const transport = async () => ({ kind: 'failure', reason: 'reset', sent: true, detail: 'closed' }) as const
  return globalV3Gateway({ account, clock: STILL, transport, signer: NO_SIGNER, nonces: () => 'n' })
}
