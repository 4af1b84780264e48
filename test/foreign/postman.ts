import { Agent, type IncomingMessage, request } from 'node:http'
import type { Entry, News } from './books.ts'
import { Luck } from './chance.ts'
import { type Event, type Hand, TWISTS, type Twist, type Written, wordOf, written } from './letters.ts'
import { cased } from './writer.ts'

/**
 * Brings what happened to the merchant's `notify_url`: again and again until it is accepted, or not at all, or twice, or
 * hours later; and other people's letters with it.
 */

export interface Letter {
  /** The event's `id`, the same for all letters about it. */
  readonly event: string
  readonly owner: Entry['owner']
  readonly out_trade_no: string
  readonly what: Event['what']
  readonly out_refund_no: string | null
  /** What a refund has become, in the words of callbacks. */
  readonly refund_status: string | null
  readonly twist: Twist | null
  /** A letter that must be refused deserves it whenever it comes; what else there is, the documents want accepted. */
  readonly deserves: 'acceptance' | 'refusal'
  readonly why: string
  readonly serial: string
  readonly sentMs: number
  /** `null`: nobody answered in time, or at all. */
  answer: { readonly status: number; readonly body: string; readonly atMs: number } | null
}

export interface Desk {
  readonly seed: number
  readonly harshness: number
  readonly speed: number
  readonly worldMs: () => number
  readonly after: (ms: number, run: () => void) => void
  /** Everything but the draws, as it is at the moment of sending. */
  readonly handFor: (entry: Entry, luck: Luck) => Hand
}

/** Section 12: 15 times, over 24 h 4 min. */
const RETRIES_S = [15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600]
const PATIENCE_MS = 5_000
/** Time is compressed, the merchant's machine is not. */
const PATIENCE_REAL_MS_MIN = 1_000

export class Postman {
  readonly letters: Letter[] = []
  readonly #desk: Desk
  readonly #keepAlive = new Agent({ keepAlive: true, maxSockets: 4 })
  readonly #counts = new Map<string, number>()
  readonly #under = new Set<Promise<unknown>>()
  #stopped = false

  constructor(desk: Desk) {
    this.#desk = desk
  }

  get busy(): boolean {
    return this.#under.size > 0
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#under)
    this.#keepAlive.destroy()
  }

  tell(news: News): void {
    const { entry, what } = news
    const url = (what === 'refund' ? news.refund.notifyUrl : null) ?? entry.notifyUrl
    // Rule 2 of section 3: there is no callback for Quick Pay, so none for its refunds without an address either.
    if (url === null) return
    // Its rank, not its number: the merchant's program may draw that anew in every run.
    const rank = what === 'refund' ? `${entry.refunds.indexOf(news.refund)} ${news.status}` : ''
    const about = [entry.number, what, rank]
    const luck = new Luck(this.#desk.seed, 'course', ...about)
    const event: Event = {
      id: idOf(about.join(' ')),
      entry,
      what: what === 'refund' ? 'refund' : 'payment',
      refund: what === 'refund' ? news : null,
      atMs: news.atMs,
    }
    const course = courseOf(luck, this.#desk.harshness)
    if (what === 'born') this.#lie(event, url, luck)
    else {
      this.#spoil(event, url, course)
      this.#desk.after(course.lateMs, () => void this.#deliver(event, url, course, 0))
      if (course.replayAfterMs !== null) {
        this.#desk.after(course.replayAfterMs, () => void this.#send(event, url, null, 'replayed'))
      }
    }
  }

  /** Somebody says that an order was paid before anybody paid. */
  #lie(event: Event, url: string, luck: Luck): void {
    if (!luck.chance(0.3 * this.#desk.harshness)) return
    // Well signed by WeChat Pay it would be no lie.
    const lies = [
      'forged',
      'probe',
      'strange serial',
      'unsigned',
      'changed body',
      'old',
      'wrong key',
    ] as const
    const twist = luck.pick(lies)
    this.#desk.after(luck.between(0, 60_000), () => void this.#send(event, url, twist, 'a lie'))
  }

  #spoil(event: Event, url: string, { twists }: Course): void {
    for (const { twist, afterMs } of twists) {
      // What a clerk refunded, only WeChat Pay can know.
      if (twist === 'other amount' && event.refund?.refund.byHand) continue
      this.#desk.after(afterMs, () => void this.#send(event, url, twist, twist))
    }
  }

  async #deliver(event: Event, url: string, course: Course, attempt: number): Promise<void> {
    const isLost = course.lostForGood || attempt < course.lostTimes
    const copies = Array.from({ length: isLost ? 0 : course.copies })
    const send = (): Promise<boolean> => this.#send(event, url, null, `attempt ${attempt + 1}`)
    let accepted = false
    if (course.together) accepted = (await Promise.all(copies.map(send))).includes(true)
    else for (const _ of copies) accepted = (await send()) || accepted
    const waitS = RETRIES_S[attempt]
    if (accepted || waitS === undefined) return
    this.#desk.after(waitS * 1_000, () => void this.#deliver(event, url, course, attempt + 1))
  }

  /** Whether it was accepted in time. */
  async #send(event: Event, url: string, twist: Twist | null, why: string): Promise<boolean> {
    const { seed, handFor, worldMs } = this.#desk
    if (this.#stopped) return false
    const { entry, refund } = event
    const count = (this.#counts.get(event.id) ?? 0) + 1
    this.#counts.set(event.id, count)
    const luck = new Luck(seed, 'letter', event.id, count)
    const hand = handFor(entry, luck)
    const letter: Letter = {
      event: event.id,
      owner: entry.owner,
      out_trade_no: entry.number,
      what: event.what,
      out_refund_no: refund?.refund.number ?? null,
      refund_status: refund === null ? null : wordOf(refund.status),
      twist,
      deserves: twist === null ? 'acceptance' : 'refusal',
      why,
      serial: hand.stamp.serial,
      sentMs: worldMs(),
      answer: null,
    }
    this.letters.push(letter)
    const text = written(event, hand, twist)
    const posting = this.#post(url, text, luck)
    this.#under.add(posting)
    const answer = await posting
    this.#under.delete(posting)
    letter.answer = answer === null ? null : { ...answer, atMs: worldMs() }
    return answer !== null && isAcceptance(answer.status)
  }

  #post(
    url: string,
    { headers, body }: Written,
    luck: Luck,
  ): Promise<{ readonly status: number; readonly body: string } | null> {
    const headerCase = luck.pick(['Title', 'Title', 'lower', 'UPPER'] as const)
    const chunked = luck.chance(0.3)
    const keeps = luck.chance(0.5)
    const patienceMs = Math.max(PATIENCE_REAL_MS_MIN, PATIENCE_MS / this.#desk.speed)
    return new Promise((done) => {
      const agent = keeps ? this.#keepAlive : false
      let answered = false
      const posting = request(url, { method: 'POST', agent }, (response) => {
        answered = true
        void read(response).then(done)
      })
      const timer = setTimeout(() => posting.destroy(), patienceMs)
      posting.on('close', () => {
        clearTimeout(timer)
        if (!answered) done(null)
      })
      posting.on('error', () => {})
      for (const [name, value] of headers) posting.appendHeader(cased(name, { headerCase }), value)
      if (!chunked) posting.setHeader('Content-Length', body.length)
      const middle = chunked ? Math.floor(body.length / 2) : 0
      if (chunked) posting.write(body.subarray(0, middle))
      posting.end(body.subarray(middle))
    })
  }
}

async function read(response: IncomingMessage): Promise<{ status: number; body: string } | null> {
  try {
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk as Buffer)
    return { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }
  } catch {
    return null
  }
}

/** How one event's letters fare. */
interface Course {
  readonly lostForGood: boolean
  readonly lostTimes: number
  readonly lateMs: number
  readonly copies: number
  readonly together: boolean
  readonly twists: readonly { readonly twist: Twist; readonly afterMs: number }[]
  /** Hours after it was accepted, the same content comes with a fresh signature. */
  readonly replayAfterMs: number | null
}

function courseOf(luck: Luck, harshness: number): Course {
  const strikes = (share: number): boolean => luck.chance(share) && luck.chance(harshness)
  const twists = Array.from({ length: strikes(0.5) ? luck.pick([1, 1, 2, 3]) : 0 }, () => ({
    twist: luck.pick(TWISTS),
    // Before the true one, beside it, and long after it.
    afterMs: luck.between(0, luck.pick([0, 20_000, 600_000])),
  }))
  return {
    lostForGood: strikes(0.15),
    lostTimes: strikes(0.2) ? luck.pick([1, 2, 4]) : 0,
    lateMs: luck.between(100, strikes(0.3) ? luck.pick([30_000, 120_000, 400_000]) : 2_000),
    copies: strikes(0.25) ? luck.pick([2, 2, 4]) : 1,
    together: luck.chance(0.5),
    twists,
    replayAfterMs: strikes(0.25) ? luck.between(300_000, luck.pick([900_000, 14_400_000])) : null,
  }
}

export function isAcceptance(status: number): boolean {
  return status === 200 || status === 204
}

function idOf(words: string): string {
  const [a, b, c] = [1, 2, 3].map((i) =>
    new Luck('event', words, i).draw().toString(16).slice(2, 10).padEnd(8, '0'),
  )
  return `${a}-${b?.slice(0, 4)}-5${b?.slice(5, 8)}-8${c?.slice(0, 3)}-${a}${c?.slice(0, 4)}`
}
