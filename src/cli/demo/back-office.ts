import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { signatureHeader, signingKeys } from '../../delivery/signature.ts'
import type { RefundEvent, VerdictEvent } from '../../engine/payload.ts'
import { VerdictError } from '../../errors.ts'
import type { Service } from './service.ts'
import { shopOrder } from './shop.ts'

/** The shop's own system: hears by webhook what became of its orders, and asks for refunds. */
export class BackOffice {
  readonly #verdict: () => Service | null
  readonly #seed: number
  readonly #secret: string

  /** @param verdict null while it is being opened */
  constructor({ verdict, seed, secret }: { verdict: () => Service | null; seed: number; secret: string }) {
    this.#verdict = verdict
    this.#seed = seed
    this.#secret = secret
  }

  /** 204 once it is dealt with; anything else makes Verdict send it again. */
  readonly answer = (request: IncomingMessage, response: ServerResponse): void => {
    this.#read(request).then(
      () => response.writeHead(204).end(),
      () => response.writeHead(500).end(),
    )
  }

  async #read(request: IncomingMessage): Promise<void> {
    const body = await text(request)
    if (!this.#isOurs(request, body)) throw new Error('not signed by Verdict')
    const { type, data } = JSON.parse(body)
    const verdict = this.#verdict()
    if (verdict === null) throw new Error('Verdict is not open yet')
    try {
      if (type === 'order.verdict') await this.#onVerdict(verdict, data)
      if (type === 'order.refund') await this.#onRefund(verdict, data)
    } catch (error) {
      // What can't be refunded stays as it is, however often we are told.
      if (!(error instanceof VerdictError) || error.code === 'CLOSED') throw error
    }
  }

  #isOurs({ headers }: IncomingMessage, body: string): boolean {
    const [id, timestamp, signature] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) =>
      String(headers[name]),
    )
    const message = { id: String(id), timestamp: Number(timestamp), body: Buffer.from(body) }
    const expected = Buffer.from(signatureHeader(signingKeys(this.#secret), message))
    const given = Buffer.from(String(signature))
    return given.length === expected.length && timingSafeEqual(given, expected)
  }

  /** Some customers bring back what they paid for. The keys are the same however often this runs. */
  async #onVerdict(verdict: Service, { state, ...ref }: VerdictEvent): Promise<void> {
    const index = Number(ref.out_trade_no.split('-')[1])
    // What the till sold is none of these orders.
    if (!Number.isSafeInteger(index)) return
    const { out_trade_no, returns } = shopOrder(this.#seed, index)
    if (out_trade_no !== ref.out_trade_no || state !== 'SUCCESS' || returns.length === 0) return
    // What was given up goes back by itself.
    if ((await verdict.order(ref)).lateMoney !== null) return
    for (const [i, amount] of returns.entries()) {
      await verdict.refund(ref, { amount, reason: 'Returned', idempotencyKey: `return ${i + 1}` })
    }
  }

  /** A closed refund gave nothing back: it is asked for under another key, once. */
  async #onRefund(verdict: Service, { refund, ...ref }: RefundEvent): Promise<void> {
    const { state, amount, idempotencyKey } = refund
    if (state !== 'CLOSED' || idempotencyKey === null || idempotencyKey.endsWith(AGAIN)) return
    await verdict.refund(ref, { amount, reason: 'Returned', idempotencyKey: `${idempotencyKey}${AGAIN}` })
  }
}

const AGAIN = ', again'

/** The webhook secret of a demo: the same for the same account, so that it survives a restart. */
export function demoSecret(apiV3Key: string): string {
  return `whsec_${createHash('sha256').update(`demo ${apiV3Key}`).digest('base64')}`
}
