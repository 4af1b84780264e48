import { type Clock, sleep, systemClock } from '../../../clock.ts'
import type { JournalLine } from '../../../core/change.ts'
import { isFinal, type Order } from '../../../core/order.ts'
import { VerdictError } from '../../../errors.ts'
import { accountName, type WechatPayAccount } from '../../../gateway/wechatpay/account.ts'
import { type Random, systemRandom } from '../../../random.ts'
import type { FaultLevel, Script } from '../../../simulator/index.ts'
import type { StoreReader } from '../../../store/store.ts'
import type { Service } from '../service.ts'
import type { Control } from './control.ts'
import { type Payment, Phone, type PhoneView } from './phone.ts'
import { type Scene, STORY } from './stories.ts'
import { probabilitiesFor, type Switches } from './switches.ts'
import type { StoryName } from './view.ts'

export interface TillEdges {
  readonly verdict: Pick<Service, 'place' | 'giveUp'>
  readonly store: Pick<StoreReader, 'find' | 'journalOf' | 'placingOf'>
  readonly control: Control
  readonly clock: Clock
  /** Whose till it is: an account in common mode. */
  readonly account: WechatPayAccount
  /** What goes wrong by itself at the beginning. */
  readonly level: FaultLevel
  readonly say: (sentence: string) => void
  readonly random?: Random
}

export type Wish =
  | { readonly kind: 'quick_pay'; readonly total: number; readonly auth_code: string }
  | { readonly kind: 'native'; readonly total: number }

export interface Sale {
  readonly out_trade_no: string
  readonly kind: Wish['kind']
  readonly total: number
  readonly currency: string
  readonly story: StoryName | null
}

/** What WeChat Pay really knows. */
export interface Truth {
  /** Null: no such order. */
  readonly trade_state: string | null
  readonly paid: boolean
  /** What went out of the customer's pocket, and what of it came back. */
  readonly charged: number
  readonly refunded: number
}

export interface TillNow {
  readonly nowMs: number
  readonly switches: Switches
  readonly phone: PhoneView
  readonly sale: (Sale & Standing) | null
  /** Null while the simulator doesn't answer, or there is no sale. */
  readonly truth: Truth | null
}

/** What Verdict knows. */
interface Standing {
  readonly order: Order
  readonly journal: readonly JournalLine[]
  /** What the till shows as a QR code; null where there is none, or no longer. */
  readonly code_url: string | null
}

const CURRENCY = 'HKD'
/** Real time: the store has a new order within milliseconds. */
const LOOK_MS = 10

/** A till, the phone of a customer beside it, and the hand on the simulator's faults. One sale at a time. */
export class Till {
  readonly #edges: TillEdges
  readonly #phone: Phone
  #switches: Switches
  #sale: Sale | null = null
  /** Of the sale's story: what is still to come. */
  #scenes: Array<() => void> = []
  #latestMs = 0

  constructor(edges: TillEdges) {
    const { clock, control, level, random = systemRandom } = edges
    this.#edges = edges
    this.#phone = new Phone({ clock, random, send: (act, number) => control.act(number, act) })
    this.#switches = { level, repliesLost: false, slowAnswers: false, callbacksLost: false, down: false }
  }

  async now(): Promise<TillNow> {
    const sale = this.#sale
    const nothing = { sale: null, truth: null }
    const known =
      sale === null ? nothing : { sale: await this.#standing(sale), truth: await this.#truth(sale) }
    return { nowMs: this.#edges.clock.nowMs(), switches: this.#switches, phone: this.#phone.view, ...known }
  }

  /**
   * Rings up a sale; returns once Verdict has written the order, whatever becomes of its request. The phone's payment
   * code belongs to the customer with the phone; with any other it has expired, as codes do after a minute.
   *
   * @throws ORDER_INVALID, CLOSED: then nothing was written
   */
  async ringUp(wish: Wish): Promise<void> {
    const isOurs = wish.kind === 'quick_pay' && wish.auth_code === this.#phone.code
    const sale = await this.#ring(wish, { customer: this.#customerOf(wish, isOurs) }, null)
    if (isOurs) this.#phone.meet(paymentOf(sale))
    else this.#phone.leave()
  }

  #customerOf({ kind }: Wish, isOurs: boolean): NonNullable<Script['customer']> {
    if (kind === 'native') return { does: 'never' }
    if (!isOurs) return { does: 'refused', code: 'AUTH_CODE_EXPIRE' }
    return this.#phone.asksPassword ? { does: 'never' } : { does: 'pay', afterMs: 0 }
  }

  /** Rings up the sale of a story, and lets it happen. @throws as `ringUp` */
  async play(name: StoryName): Promise<void> {
    const { kind, total, script, scenes } = STORY[name]
    await this.#phone.setNetwork(true)
    const wish: Wish = kind === 'native' ? { kind, total } : { kind, total, auth_code: this.#phone.code }
    const sale = await this.#ring(wish, script, name)
    if (kind === 'quick_pay') this.#phone.meet(paymentOf(sale))
    else this.#phone.leave()
    this.#scenes = scenes.map((scene) =>
      this.#edges.clock.after(scene.afterMs, () => this.#perform(scene, sale)),
    )
  }

  /** The phone reads what the till shows. @throws OPTION_INVALID for a QR code that is not the till's of this moment */
  async scan(code_url: string): Promise<void> {
    const sale = this.#sale
    const shown = sale?.kind === 'native' ? (await this.#standing(sale)).code_url : null
    if (sale === null || shown === null || shown !== code_url)
      throw new VerdictError(
        'OPTION_INVALID',
        'code_url is not the one that the till shows now; expected that one',
      )
    this.#phone.meet(paymentOf(sale))
    // It sees the order as it is, perhaps closed.
    await this.#truth(sale)
  }

  /** @throws ORDER_STATE where the phone shows nothing to pay */
  async pay(how: { readonly slowly: boolean }): Promise<void> {
    await this.#asked()
    await this.#phone.pay(how)
  }

  /** @throws ORDER_STATE where the phone shows nothing to pay */
  async refuse(): Promise<void> {
    await this.#asked()
    await this.#phone.refuse()
  }

  async setPhone({ network, password }: { network?: 'up' | 'down'; password?: boolean }): Promise<void> {
    if (password !== undefined) this.#phone.asksPassword = password
    if (network !== undefined) await this.#phone.setNetwork(network === 'up')
  }

  /** @throws CLOSED if the simulator doesn't hear of it: then the switches stay as they are */
  async turn(changes: Partial<Switches>): Promise<void> {
    const switches = { ...this.#switches, ...changes }
    const { control } = this.#edges
    await control.faults(probabilitiesFor(switches))
    await control.hosts(switches.down ? 'down' : 'up')
    this.#switches = switches
  }

  close(): void {
    for (const cancel of this.#scenes.splice(0)) cancel()
    this.#phone.leave()
  }

  async #ring(wish: Wish, script: Script, story: StoryName | null): Promise<Sale> {
    const { control, verdict } = this.#edges
    for (const cancel of this.#scenes.splice(0)) cancel()
    const { kind, total } = wish
    const sale: Sale = { out_trade_no: this.#nextNumber(), kind, total, currency: CURRENCY, story }
    await control.script(sale.out_trade_no, script)
    const placing = verdict.place({
      ...this.#keyOf(sale),
      kind,
      description: 'Two coffees',
      amount: { total, currency: CURRENCY },
      ...(wish.kind === 'quick_pay' && { payer: { auth_code: wish.auth_code } }),
    })
    await this.#entered(sale, placing)
    this.#sale = sale
    return sale
  }

  /** As soon as the order is written: its reply may take long, and the page shows how it is waited for. */
  async #entered(sale: Sale, placing: Promise<unknown>): Promise<void> {
    let failure: { readonly error: unknown } | null = null
    placing.catch((error: unknown) => {
      failure = { error }
    })
    while ((await this.#edges.store.find(this.#keyOf(sale))) === null) {
      if (failure !== null) throw (failure as { readonly error: unknown }).error
      await sleep(systemClock, LOOK_MS)
    }
  }

  #perform({ does }: Scene, sale: Sale): void {
    if (does === 'scan') this.#phone.meet(paymentOf(sale))
    if (does === 'type') this.#phone.type()
    if (does === 'cancel')
      this.#edges.verdict.giveUp(this.#keyOf(sale)).catch((error: Error) => this.#edges.say(error.message))
  }

  async #standing(sale: Sale): Promise<Sale & Standing> {
    const { store } = this.#edges
    const order = await store.find(this.#keyOf(sale))
    if (order === null)
      throw new VerdictError('ORDER_UNKNOWN', `${sale.out_trade_no} is no longer in the store`)
    const shows = sale.kind === 'native' && !isFinal(order)
    const credential = shows ? ((await store.placingOf(order.id))?.credential ?? null) : null
    const journal = await store.journalOf(order.id)
    return { ...sale, order, journal, code_url: credential?.name === 'code_url' ? credential.value : null }
  }

  async #truth({ out_trade_no }: Sale): Promise<Truth | null> {
    try {
      const order = await this.#edges.control.truthOf(out_trade_no)
      this.#phone.learn(order)
      if (order === null) return { trade_state: null, paid: false, charged: 0, refunded: 0 }
      const { trade_state, paid, charged, refunded } = order
      return { trade_state, paid, charged, refunded }
    } catch (error) {
      if (error instanceof VerdictError && error.code === 'CLOSED') return null
      throw error
    }
  }

  async #asked(): Promise<void> {
    if (this.#sale !== null) await this.#truth(this.#sale)
    if (this.#phone.view.screen === 'asks') return
    throw new VerdictError(
      'ORDER_STATE',
      'the phone shows nothing to pay; expected a sale that asks for the password',
    )
  }

  #keyOf({ out_trade_no }: Sale) {
    return { account: accountName(this.#edges.account), sub_mchid: null, out_trade_no }
  }

  /** Readable, and never the same, also when the demo goes on with the same store. */
  #nextNumber(): string {
    this.#latestMs = Math.max(this.#latestMs + 1, this.#edges.clock.nowMs())
    return `TILL-${this.#latestMs.toString(36).toUpperCase()}`
  }
}

function paymentOf({ out_trade_no, kind, total, currency }: Sale): Payment {
  return { out_trade_no, kind, total, currency }
}
