import type { Clock } from '../../../clock.ts'
import type { Random } from '../../../random.ts'
import type { OrderView } from '../../../simulator/index.ts'

/** What the customer sees. */
export type Screen =
  /** The payment code, for the till. */
  | 'code'
  /** Pay so much? The password, please. */
  | 'asks'
  | 'typing'
  /** The customer has done his part, and WeChat Pay has not heard of it. */
  | 'sending'
  | 'paid'
  /** Paid, and the money came back. */
  | 'returned'
  | 'refused'
  | 'failed'
  /** The order has ended without him. */
  | 'over'

export interface Payment {
  readonly out_trade_no: string
  readonly kind: 'quick_pay' | 'native'
  readonly total: number
  readonly currency: string
}

export type PhoneAct = 'pay' | 'refuse'

interface Act {
  readonly does: PhoneAct
  readonly step: 'typing' | 'on-its-way' | 'done' | 'failed'
  readonly why: string | null
}

export interface PhoneView {
  /** The payment code that it shows: 18 digits. */
  readonly code: string
  readonly hasNetwork: boolean
  readonly asksPassword: boolean
  readonly screen: Screen
  readonly payment: Payment | null
  /** Why it failed, in WeChat Pay's words. */
  readonly why: string | null
}

export interface PhoneEdges {
  readonly clock: Clock
  readonly random: Random
  /** Tells WeChat Pay. Rejects with the reason why it can't be done. */
  readonly send: (act: PhoneAct, out_trade_no: string) => Promise<void>
}

/** Somebody who looks for the password. */
export const SLOW_MS = 12_000

/**
 * The customer's phone: what he does leaves when there is a network, and what happens reaches it then. It knows of its
 * order only what it last heard.
 */
export class Phone {
  asksPassword = true
  readonly #edges: PhoneEdges
  #code: string
  #hasNetwork = true
  #payment: Payment | null = null
  #act: Act | null = null
  #known: OrderView | null = null
  #cancelTyping = (): void => {}

  constructor(edges: PhoneEdges) {
    this.#edges = edges
    this.#code = this.#newCode()
  }

  get code(): string {
    return this.#code
  }

  get view(): PhoneView {
    const screen = this.#screen()
    return {
      ...{ code: this.#code, hasNetwork: this.#hasNetwork, asksPassword: this.asksPassword, screen },
      payment: screen === 'code' ? null : this.#payment,
      why: this.#act?.why ?? null,
    }
  }

  /** Its code was scanned, or it scanned the till's. The code is used up. */
  meet(payment: Payment): void {
    this.leave()
    this.#payment = payment
    if (payment.kind === 'quick_pay') this.#code = this.#newCode()
  }

  /** Back to the payment code. */
  leave(): void {
    this.#cancelTyping()
    this.#payment = null
    this.#act = null
    this.#known = null
  }

  /** What WeChat Pay would show it now, if it can be reached. */
  learn(truth: OrderView | null): void {
    if (!this.#hasNetwork || truth?.out_trade_no !== this.#payment?.out_trade_no) return
    this.#known = truth
  }

  /** The customer types, for as long as somebody else decides. */
  type(): void {
    this.#act = { does: 'pay', step: 'typing', why: null }
  }

  /** @returns when WeChat Pay has heard of it, or when it waits for the network or for the customer */
  async pay({ slowly = false }: { readonly slowly?: boolean } = {}): Promise<void> {
    if (!slowly) return this.#do('pay')
    this.type()
    this.#cancelTyping = this.#edges.clock.after(SLOW_MS, () => void this.#do('pay'))
  }

  async refuse(): Promise<void> {
    await this.#do('refuse')
  }

  async setNetwork(isUp: boolean): Promise<void> {
    this.#hasNetwork = isUp
    const act = this.#act
    if (isUp && act?.step === 'on-its-way') await this.#do(act.does)
  }

  async #do(does: PhoneAct): Promise<void> {
    this.#cancelTyping()
    const payment = this.#payment
    if (payment === null) return
    this.#act = { does, step: 'on-its-way', why: null }
    if (!this.#hasNetwork) return
    const done = await this.#edges.send(does, payment.out_trade_no).then(
      (): Act => ({ does, step: 'done', why: null }),
      (error: Error): Act => ({ does, step: 'failed', why: error.message }),
    )
    // He may have met another order meanwhile.
    if (this.#payment === payment) this.#act = done
  }

  #screen(): Screen {
    const [act, known, payment] = [this.#act, this.#known, this.#payment]
    if (payment === null) return 'code'
    if (known?.paid) return known.refunded === known.charged ? 'returned' : 'paid'
    if (act?.step === 'typing' && known?.open !== false) return 'typing'
    if (act?.step === 'failed' || known?.trade_state === 'PAYERROR')
      return act?.does === 'refuse' ? 'refused' : 'failed'
    if (act?.step === 'on-its-way') return 'sending'
    if (known?.open === false) return act?.does === 'refuse' ? 'refused' : 'over'
    if (act !== null) return act.does === 'refuse' ? 'refused' : 'sending'
    // WeChat Pay asks for the password only where it knows the order; a scanned QR code says it at once.
    return payment.kind === 'native' || known?.trade_state === 'USERPAYING' ? 'asks' : 'code'
  }

  #newCode(): string {
    const digits = Array.from({ length: 16 }, () => Math.floor(this.#edges.random.next() * 10))
    return `13${digits.join('')}`
  }
}
