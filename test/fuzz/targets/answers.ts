import { decide, type Learnt } from '../../../src/core/decide.ts'
import { isFinal } from '../../../src/core/order.ts'
import type { Outcome, TradeStatement } from '../../../src/core/outcome.ts'
import { type GlobalV3Gateway, globalV3Gateway } from '../../../src/gateway/wechatpay/global-v3.ts'
import type { HttpResult } from '../../../src/gateway/wechatpay/transport.ts'
import { type HeaderMap, headersFromFlat } from '../../../src/wechatpay/headers.ts'
import type { Chance } from '../chance.ts'
import { jsonValue } from '../hostile.ts'
import { objectIn, order, RULES, saysPaid, saysState } from '../paid.ts'
import { replyFor } from '../replies.ts'
import { must, type Target } from '../target.ts'
import { COMMON, INSTITUTION, type Message, NO_SIGNER, NOW_MS, Seal, STILL } from '../wechat-pay.ts'

const CALLS = [
  'query',
  'place',
  'quickPay',
  'close',
  'reverse',
  'refund',
  'queryRefund',
  'queryRefunds',
] as const
type Call = (typeof CALLS)[number]
type Mode = 'common' | 'institutional'

/** Statuses that no signature makes believable. */
const isSilent = (status: number): boolean =>
  status === 202 || status === 401 || status === 429 || status >= 500

export interface AnswerParts {
  /** What a twin puts in the place of the real gateway. */
  readonly open?: (
    account: typeof COMMON | typeof INSTITUTION,
    reply: () => Promise<HttpResult>,
  ) => GlobalV3Gateway
}

/**
 * Replies to every call of the gateway, and the core's conclusions: an answer or a refusal is exactly what WeChat Pay
 * signed, lately; everything else is no answer, and ends no order.
 */
export function answersTarget({ open = openGateway }: AnswerParts = {}): Target {
  return {
    name: 'answers',
    open: () => {
      let next: HttpResult = LOST
      const reply = async (): Promise<HttpResult> => next
      const gateways = { common: open(COMMON, reply), institutional: open(INSTITUTION, reply) }
      const seal = new Seal()
      return {
        run: (chance) => {
          const mode = chance.pick(['common', 'institutional'] as const)
          const call = chance.oneIn(2) ? 'query' : chance.pick(CALLS)
          const { status, message, body } = replyFor(chance, seal, mode)
          next = { kind: 'reply', status, headers: headersOf(chance, message), body }
          chance.input = {
            call,
            mode,
            status,
            headers: next.headers,
            body: body && Buffer.from(body).toString('latin1'),
          }
          const isGenuine = body !== null && seal.isGenuine({ ...message, body })
          return judged({ gateway: gateways[mode], mode, call, status, body, isGenuine })
        },
      }
    },
  }
}

interface Case {
  readonly gateway: GlobalV3Gateway
  readonly mode: Mode
  readonly call: Call
  readonly status: number
  readonly body: Uint8Array | null
  readonly isGenuine: boolean
}

async function judged({ gateway, mode, call, status, body, isGenuine }: Case): Promise<string> {
  const outcome = await asked(gateway, call, mode)
  if (outcome.kind === 'no-answer') {
    must(!/[\r\n]/.test(outcome.detail) && outcome.detail.length < 600, 'the detail is no short sentence')
    return `${call} ${outcome.reason} ${outcome.claims === undefined ? '' : 'claim'} ${concluded(call, mode, outcome, null)}`
  }
  must(isGenuine && body !== null, `${outcome.kind} for a reply that WeChat Pay did not sign`)
  must(!isSilent(status), `${outcome.kind} for HTTP ${status}`)
  const said = Buffer.from(body).toString()
  must(outcome.evidence.body === said && outcome.evidence.status === status, 'the evidence is not what came')
  const json = objectIn(said)
  if (outcome.kind === 'refusal')
    must(status >= 400 && outcome.code === json?.code, 'a refusal without its code')
  else must(isAnswer(call, status, json), `an answer to ${call} out of what is none`)
  return `${call} ${status} ${outcome.kind} ${concluded(call, mode, outcome, said)}`
}

function asked(gateway: GlobalV3Gateway, call: Call, mode: Mode): Promise<Outcome<unknown>> {
  const known = order(mode)
  const sent = { ...known, body: '{}', signedAtMs: NOW_MS }
  switch (call) {
    case 'query':
      return gateway.query(known)
    case 'place':
      return gateway.place(sent)
    case 'quickPay':
      return gateway.place({ ...sent, kind: 'quick_pay' })
    case 'close':
      return gateway.close(known, NOW_MS)
    case 'reverse':
      return gateway.reverse(known, NOW_MS)
    case 'refund':
      return gateway.refund(sent)
    case 'queryRefund':
      return gateway.queryRefund(known, 'R1')
    case 'queryRefunds':
      return gateway.queryRefunds(known, null, { offset: 0, count: 20 })
  }
}

/** What an answer to each call has to hold at least. */
function isAnswer(call: Call, status: number, json: Record<string, unknown> | null): boolean {
  if (call === 'close' || call === 'reverse') return status === 200 || status === 204
  if (status !== 200 || json === null) return false
  const has = (...names: readonly string[]): boolean =>
    names.some((name) => typeof json[name] === 'string' && json[name] !== '')
  switch (call) {
    case 'query':
    case 'quickPay':
      return has('trade_state')
    case 'place':
      return has('code_url')
    case 'refund':
      return has('out_refund_no', 'refund_id', 'id')
    case 'queryRefund':
      return has('out_refund_no', 'refund_id', 'id') && has('status', 'refund_status')
    case 'queryRefunds':
      return Number.isSafeInteger(json.total_num) && Number(json.total_num) >= 0
  }
}

/** What the core makes of it. An order ends only by a signed statement that names it, and says so. */
function concluded(call: Call, mode: Mode, outcome: Outcome<unknown>, said: string | null): string {
  if (call === 'refund' || call === 'queryRefund' || call === 'queryRefunds') return ''
  const known = order(mode)
  const name = call === 'quickPay' ? 'place' : call
  const learnt = { call: name, outcome: outcome as Outcome<TradeStatement>, tookMs: 5 } as Learnt
  const change = decide(name === 'place' ? { ...known, state: 'placing' } : known, learnt, RULES, {
    nowMs: NOW_MS,
    chance: 0.5,
  })
  if (!isFinal(change.order)) return change.order.state
  const { state } = change.order
  must(outcome.kind === 'answer' && said !== null, `${state} out of ${outcome.kind}`)
  must(
    state === 'SUCCESS' ? saysPaid(said, mode) : saysState(said, mode, [state]),
    `${state} is not what was said`,
  )
  return state
}

function headersOf(chance: Chance, { headers }: Message): HeaderMap {
  const map = headersFromFlat(headers)
  if (!chance.oneIn(12)) return map
  const names = Object.keys(map)
  if (names.length === 0) return map
  const values = [undefined, [], [''], ['a', 'b'], jsonValue(chance)] as const
  return { ...map, [chance.pick(names)]: chance.pick(values) as HeaderMap[string] }
}

const LOST: HttpResult = { kind: 'failure', reason: 'reset', sent: true, detail: 'lost' }

function openGateway(
  account: typeof COMMON | typeof INSTITUTION,
  transport: () => Promise<HttpResult>,
): GlobalV3Gateway {
  return globalV3Gateway({ account, clock: STILL, transport, signer: NO_SIGNER, nonces: () => 'n' })
}
