import { sleep, systemClock } from '../../clock.ts'
import type { TrueOrder, Truth } from './audit.ts'

/** What the simulator counts, as `GET /_sim/statistics` tells it. */
export interface WeChatPayStatistics {
  readonly orders: number
  readonly ordersHit: number
  readonly quickPayReceivedTwice: number
  /** The most requests by `mchid call`: that came within any real second, and that were signed in a simulated one. */
  readonly busiestSecond: Readonly<Record<'arrived' | 'signed', Readonly<Record<string, number>>>>
  readonly faults: Readonly<Record<string, number>>
  readonly money: { readonly kept: number }
}

/** The simulator may have been killed a moment ago: it is started again, on the same port. */
const RETRY_MS = 250
const RETRY_MS_MAX = 30_000
const GLANCE_MS_MAX = 500
const POST_MS_MAX = 2_000
const PAGE = 1_000

/** Asks the simulator's control API beside the wire. */
export class TruthTeller {
  readonly #baseUrl: string
  readonly #signal: AbortSignal

  constructor(baseUrl: string, signal: AbortSignal) {
    this.#baseUrl = baseUrl
    this.#signal = signal
  }

  async truth(): Promise<Truth> {
    const { quickPayReceivedTwice } = await this.statistics()
    return { orders: await this.#orders(), quickPayReceivedTwice }
  }

  async #orders(): Promise<readonly TrueOrder[]> {
    const all: TrueOrder[] = []
    for (let after: number | null = 0; after !== null; ) {
      const page: OrderPage = await this.#get(`/_sim/orders?after=${after}&limit=${PAGE}`)
      all.push(...page.orders)
      after = page.next
    }
    return all
  }

  statistics(): Promise<WeChatPayStatistics> {
    return this.#get('/_sim/statistics')
  }

  /** Everything at WeChat Pay grows older: a bank's hours pass. */
  async grow(ms: number): Promise<void> {
    await this.#post('/_sim/advance', JSON.stringify({ ms }))
  }

  /** Somebody gives an ABNORMAL refund to the customer in another way. */
  async mend(out_refund_no: string): Promise<void> {
    await this.#post(`/_sim/refunds/${encodeURIComponent(out_refund_no)}/mend`, '{}')
  }

  /** Done once, or not: whoever asks looks at what became of it, and asks again. */
  async #post(path: string, body: string): Promise<void> {
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(POST_MS_MAX)])
    await fetch(`${this.#baseUrl}${path}`, { method: 'POST', body, signal }).catch(() => {})
  }

  /** The statistics if the simulator answers now, else null. */
  async glance(): Promise<WeChatPayStatistics | null> {
    try {
      return await this.#ask('/_sim/statistics', AbortSignal.timeout(GLANCE_MS_MAX))
    } catch {
      return null
    }
  }

  async #get<Reply>(path: string): Promise<Reply> {
    const untilMs = systemClock.nowMs() + RETRY_MS_MAX
    for (;;) {
      try {
        return await this.#ask(path, this.#signal)
      } catch (error) {
        if (this.#signal.aborted || systemClock.nowMs() > untilMs) throw error
        await sleep(systemClock, RETRY_MS, this.#signal)
      }
    }
  }

  async #ask<Reply>(path: string, signal: AbortSignal): Promise<Reply> {
    const reply = await fetch(`${this.#baseUrl}${path}`, { signal })
    if (!reply.ok) throw new Error(`${path} answered ${reply.status}`)
    return (await reply.json()) as Reply
  }
}

interface OrderPage {
  readonly orders: readonly TrueOrder[]
  readonly next: number | null
}
