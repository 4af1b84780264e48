import type { Books } from './books.ts'
import { type RefundAsking, statusOf } from './refunds.ts'
import type { Wish } from './wish.ts'

interface Asked {
  readonly order: string
  readonly words: string
  readonly cents: number
  readonly lastMs: number
}

/** What the documents ask of the one who calls: what breaks it is a fault of the client, whatever it is answered. */
export class Watch {
  readonly complaints: string[] = []
  /** Quick Pay requests that came in well signed, by order. */
  readonly quickPays = new Map<string, number>()
  readonly #books: Books
  /** They count from sending, we from receiving: the call before may have been on its way as long as a call takes. */
  readonly #slackMs: number
  readonly #bytes = new Map<string, string>()
  readonly #firstPlacedMs = new Map<string, number>()
  readonly #refunds = new Map<string, Asked>()
  readonly #toldPoolEmptyMs = new Map<string, number>()

  constructor(books: Books, speed: number) {
    this.#books = books
    this.#slackMs = 9_000 + 100 * speed
  }

  /** `subject` names the order, or the refund. */
  see(wish: Wish, subject: string, nowMs: number): void {
    if (wish.do === 'place') {
      const before = this.#bytes.get(subject)
      this.#bytes.set(subject, wish.placing.bytes)
      if (before !== undefined && before !== wish.placing.bytes)
        this.complaints.push(`${subject}: other bytes`)
      if (!this.#firstPlacedMs.has(subject)) this.#firstPlacedMs.set(subject, nowMs)
      if (wish.placing.tradeType === 'MICROPAY') {
        this.quickPays.set(subject, (this.quickPays.get(subject) ?? 0) + 1)
      }
    } else if (wish.do === 'close' || wish.do === 'reverse') {
      const ageMs = nowMs - (this.#firstPlacedMs.get(subject) ?? Number.NEGATIVE_INFINITY)
      if (ageMs < (wish.do === 'close' ? 300_000 : 15_000) - this.#slackMs) {
        this.complaints.push(`${subject}: ${wish.do} after ${Math.round(ageMs)} ms`)
      }
    } else if (wish.do === 'refund') {
      const { key } = wish.asking.order
      const order = this.#books.entries.find(({ id }) => id === key)?.number ?? key
      this.#seeRefund(wish.asking, order, nowMs)
    }
  }

  #seeRefund({ number, cents, total, currency }: RefundAsking, order: string, nowMs: number): void {
    const words = `${order}: ${cents} of ${total} ${currency}`
    const known = this.#refunds.get(number)
    if (known !== undefined && known.words !== words) {
      this.complaints.push(`refund ${number}: ${known.words}, and then ${words}`)
    }
    const told = this.#toldPoolEmptyMs.get(number)
    // Its CNY pool fills with the day's payments, not with our questions.
    if (told !== undefined && nowMs - told < 60_000 - this.#slackMs) {
      this.complaints.push(`refund ${number}: again ${Math.round(nowMs - told)} ms after NOT_ENOUGH`)
    }
    for (const [other, refund] of this.#refunds) {
      const apartMs = nowMs - refund.lastMs
      const apart = other === number || refund.order !== order || apartMs >= 60_000 - this.#slackMs
      if (apart || known !== undefined || !this.#isAccepted(order, other)) continue
      this.complaints.push(`${order}: refund ${number} came ${Math.round(apartMs)} ms after ${other}`)
    }
    // What repeats a refund that exists is no refund.
    this.#seeSum(order, number, cents, total)
    const lastMs = known !== undefined && this.#isAccepted(order, number) ? known.lastMs : nowMs
    this.#refunds.set(number, { order, words, lastMs, cents })
  }

  /** What the client's own refunds may come to at most: what a clerk refunds by hand, it can't know in time. */
  #seeSum(order: string, number: string, cents: number, total: number): void {
    const others = [...this.#refunds].filter(
      ([name, refund]) => name !== number && refund.order === order && this.#isGoing(order, name),
    )
    const sum = others.reduce((all, [, refund]) => all + refund.cents, cents)
    if (sum > total) this.complaints.push(`${order}: refund ${number} makes it ${sum} of ${total}`)
  }

  /** Accepted, and not closed since. */
  #isGoing(order: string, number: string): boolean {
    const accepted = this.#books.entries.find((entry) => entry.number === order)?.refunds ?? []
    return accepted.some((refund) => refund.number === number && statusOf(refund) !== 'REFUNDCLOSE')
  }

  #isAccepted(order: string, number: string): boolean {
    const accepted = this.#books.entries.find((entry) => entry.number === order)?.refunds ?? []
    return accepted.some((refund) => refund.number === number)
  }

  /** The client was told, well signed, that the pool is too small. */
  toldPoolEmpty(number: string, nowMs: number): void {
    this.#toldPoolEmptyMs.set(number, nowMs)
  }
}
