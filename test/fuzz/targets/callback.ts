import { isDeepStrictEqual } from 'node:util'
import type { CallbackReceiver } from '../../../src/callback/http.ts'
import { type Desk, type Received, receiver } from '../../../src/callback/receiver.ts'
import { decide } from '../../../src/core/decide.ts'
import { isFinal } from '../../../src/core/order.ts'
import type { Gateway, VerifiedCallback } from '../../../src/gateway/gateway.ts'
import { globalV3Gateway } from '../../../src/gateway/wechatpay/global-v3.ts'
import type { Chance } from '../chance.ts'
import { letter } from '../letters.ts'
import { order, RULES, saysPaid } from '../paid.ts'
import { must, type Target } from '../target.ts'
import { COMMON, INSTITUTION, type Message, NO_SIGNER, NOW_MS, Seal, STILL } from '../wechat-pay.ts'

/** Every status that the documentation names for a callback. */
export const STATUSES = [204, 400, 401, 403, 404, 409, 413, 500] as const

/** What a twin may put in the place of the real parts. */
export interface CallbackParts {
  readonly gateway?: (account: typeof COMMON | typeof INSTITUTION) => Gateway
  readonly receive?: (real: CallbackReceiver) => CallbackReceiver
}

/**
 * The callback receiver with its gateways, the core behind it, and nothing written anywhere. Whatever comes: what
 * WeChat Pay did not sign is not answered as received and reaches no order, and what it did sign settles this order only
 * if it says so.
 */
export function callbackTarget({
  gateway = openGateway,
  receive = (real) => real,
}: CallbackParts = {}): Target {
  return {
    name: 'callback',
    open: () => {
      const gateways = new Map([COMMON, INSTITUTION].map((account) => [nameOf(account), gateway(account)]))
      const desk = new Witness()
      const answer = receive(receiver({ accounts: gateways, desk, clock: STILL }))
      const seal = new Seal()
      return { run: (chance) => run(chance, { answer, desk, seal }) }
    },
  }
}

interface Parts {
  readonly answer: CallbackReceiver
  readonly desk: Witness
  readonly seal: Seal
}

async function run(chance: Chance, { answer, desk, seal }: Parts): Promise<string> {
  const { message, said } = letter(chance, seal)
  chance.input = shown(message, said)
  desk.begin()
  const reply = await answer(message)
  const { status, body } = reply
  must(
    STATUSES.some((known) => known === status),
    `status ${status} is none of the documented ones`,
  )
  must(status === 204 ? body === '' : isRefusal(body), () => `the answer to ${status} is ${body}`)
  const isGenuine = seal.isGenuine(message)
  must(isGenuine || status === 401 || status === 413, `${status} for a message that WeChat Pay did not sign`)
  must(isGenuine || desk.received === null, 'a message that WeChat Pay did not sign reached the desk')
  const { received, final } = desk
  if (received === null) return `${status} ${desk.hinted ? 'hint' : ''}`
  must(said !== null, 'the resource of what reached the desk is none that WeChat Pay sealed')
  must(isDeepStrictEqual(received.resource, said), 'the desk was told something else than what was sealed')
  must(status !== 204 || desk.isOurs, 'received was answered for no order of ours')
  if (final !== null)
    must(saysPaid(said, final), 'the order was settled by what does not say that it is paid')
  return `${status} ${received.event.kind} ${desk.outcome}`
}

/** Stands where the engine stands, decides as it does, and writes nothing. */
class Witness implements Desk {
  received: VerifiedCallback | null = null
  final: 'common' | 'institutional' | null = null
  isOurs = false
  hinted = false
  outcome = ''

  begin(): void {
    this.received = null
    this.final = null
    this.isOurs = false
    this.hinted = false
    this.outcome = ''
  }

  async receive(account: string, callback: VerifiedCallback): Promise<Received> {
    this.received = callback
    const received = this.#decided(account, callback)
    this.outcome = received.kind
    return received
  }

  async hint(): Promise<boolean> {
    this.hinted = true
    return true
  }

  count(): void {}
  notify(): void {}

  #decided(account: string, { event, evidence }: VerifiedCallback): Received {
    if (event.kind === 'other') return { kind: 'refused', why: 'another event' }
    const mode = account === COMMON.mchid ? 'common' : 'institutional'
    const known = order(mode)
    const { out_trade_no, sub_mchid } = event.kind === 'payment' ? event.trade : event.refund
    this.isOurs = out_trade_no === known.out_trade_no && (mode === 'common' || sub_mchid === known.sub_mchid)
    if (!this.isOurs) return { kind: 'unknown-order' }
    const learnt =
      event.kind === 'payment'
        ? ({ call: 'callback', trade: event.trade, evidence } as const)
        : ({ call: 'refund-callback', refund: event.refund, evidence } as const)
    const change = decide(known, learnt, RULES, { nowMs: NOW_MS, chance: 0.5 })
    if (isFinal(change.order)) this.final = mode
    return change.refuses === undefined ? { kind: 'applied' } : { kind: 'refused', why: change.refuses }
  }
}

function openGateway(account: typeof COMMON | typeof INSTITUTION): Gateway {
  const transport = async () => ({ kind: 'failure', reason: 'reset', sent: true, detail: 'closed' }) as const
  return globalV3Gateway({ account, clock: STILL, transport, signer: NO_SIGNER, nonces: () => 'n' })
}

function nameOf(account: typeof COMMON | typeof INSTITUTION): string {
  return account.mode === 'common' ? account.mchid : account.sp_mchid
}

function isRefusal(body: string): boolean {
  const { code, message } = JSON.parse(body)
  return code === 'FAIL' && typeof message === 'string'
}

function shown({ headers, body }: Message, said: string | null): object {
  return { headers, body: Buffer.from(body).toString('latin1'), said }
}
