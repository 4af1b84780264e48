import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Books, type Entry, isUnpaid, nameOf, type Owner, shown } from './books.ts'
import { Luck } from './chance.ts'
import type { Hand } from './letters.ts'
import { type Manners, mannersOf, type Trouble, troubleOf } from './moods.ts'
import { Postman } from './postman.ts'
import { readRequest } from './reader.ts'
import { noRefund, refundList, refundSaid, refundStatement } from './refund-words.ts'
import { shownStatus } from './refunds.ts'
import { certificateStamp, publicKeyStamp, type Stamp, sealed, stamped } from './stamp.ts'
import { Watch } from './watch.ts'
import { type Merchant, ownerOf, type Wish } from './wish.ts'
import { refused, type Said, said, statement } from './words.ts'
import { page, type Reply, write } from './writer.ts'

/**
 * A second WeChat Pay, written from the public documents as another team would have written it. It shares no code with
 * src/simulator, and judges what that one can't: a reading of the documents that both of our sides have in common.
 */

export interface Anchor {
  readonly realMs: number
  readonly simulatedMs: number
  readonly speed: number
}

export interface Options {
  readonly seed: number
  readonly anchor: Anchor
  readonly merchants: readonly Merchant[]
  /** 0: everything is served well. 1: every drawn trouble strikes. */
  readonly harshness: number
  /** How far its own clock is from everybody else's. */
  readonly skewMs: number
  /** From when on, after the start, new replies are signed with the second certificate. */
  readonly rotatesAfterMs: number
  /** Spells in ms after the start: everything is 429, the main host is down, all hosts are down. */
  readonly spells: Readonly<Record<'crowd' | 'mainDown' | 'allDown', readonly [number, number]>>
}

export interface Call {
  readonly atMs: number
  readonly do: Exclude<Wish['do'], 'certificates'>
  /** The order's name, or what the call gives instead: a refund's. */
  readonly about: string
  readonly trouble: Trouble | 'spell' | null
}

/** The documents don't say whether all merchants see the same platform certificates: a seed decides. */
type Pair = readonly [Stamp, Stamp]

/** How often it looks whether something happened that the merchant is to be told. */
const NEWS_REAL_MS = 25

export class OtherWechatPay {
  readonly books: Books
  readonly publicKey: Stamp
  /** Of each merchant, before and after the rotation. */
  readonly #certificatesOf: ReadonlyMap<string, Pair>
  readonly calls: Call[] = []
  readonly watch: Watch
  readonly postman: Postman
  readonly #options: Options
  readonly #servers: Server[] = []
  readonly #counts = new Map<string, number>()
  /** What was said well about each order and refund, for replays. */
  readonly #replies = new Map<string, readonly Reply[]>()
  /** What was said last in a query of each kind, for mix-ups. */
  readonly #last = new Map<Wish['do'], { readonly subject: string; readonly text: string }>()
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #news: NodeJS.Timeout
  #stopped = false

  constructor(options: Options) {
    this.#options = options
    this.books = new Books(options.seed)
    this.publicKey = publicKeyStamp('PUB_KEY_ID_0119000091912026112300000000000001')
    const { seed, harshness, anchor, merchants } = options
    const made = new Map<string, Pair>()
    for (const { mchid } of merchants) {
      const shared = new Luck(seed, 'certificates').chance(0.5) ? [...made.values()][0] : undefined
      made.set(mchid, shared ?? [certificateStamp(this.nowMs()), certificateStamp(this.nowMs())])
    }
    this.#certificatesOf = made
    this.watch = new Watch(this.books, anchor.speed)
    this.postman = new Postman({
      ...{ seed, harshness, speed: anchor.speed },
      worldMs: () => this.worldMs(),
      after: (ms, run) => this.#after(ms, run),
      handFor: (entry, luck) => this.#handFor(entry, luck),
    })
    this.#news = setInterval(() => {
      this.books.all(this.nowMs())
      for (const news of this.books.news.splice(0)) this.postman.tell(news)
    }, NEWS_REAL_MS)
    this.#news.unref()
  }

  /** Two hosts with one truth. */
  async start(): Promise<{ main: string; backup: string }> {
    const urls: string[] = []
    for (const host of ['main', 'backup'] as const) {
      const server = createServer((message, response) => void this.#serve(host, message, response))
      server.keepAliveTimeout = 100
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      this.#servers.push(server)
      urls.push(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    }
    return { main: urls[0] ?? '', backup: urls[1] ?? '' }
  }

  /** What is on its way still arrives; nothing new leaves. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearInterval(this.#news)
    for (const timer of this.#timers) clearTimeout(timer)
    await this.postman.stop()
    await Promise.all(
      this.#servers.map((server) => {
        server.closeAllConnections()
        return new Promise((resolve) => server.close(resolve))
      }),
    )
  }

  /** Whatever it has ever signed with. */
  get stamps(): readonly Stamp[] {
    return [this.publicKey, ...[...this.#certificatesOf.values()].flat()]
  }

  get spells(): readonly (readonly [number, number])[] {
    return Object.values(this.#options.spells)
  }

  /** Everybody's time. */
  worldMs(): number {
    const { realMs, simulatedMs, speed } = this.#options.anchor
    return simulatedMs + (Date.now() - realMs) * speed
  }

  /** Its own. */
  nowMs(): number {
    return this.worldMs() + this.#options.skewMs
  }

  #ageMs(): number {
    return this.worldMs() - this.#options.anchor.simulatedMs
  }

  #after(ms: number, run: () => void): void {
    if (this.#stopped) return
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      run()
    }, ms / this.#options.anchor.speed)
    this.#timers.add(timer)
  }

  #during(spell: keyof Options['spells']): boolean {
    const [from, to] = this.#options.spells[spell]
    const ageMs = this.#ageMs()
    return ageMs >= from && ageMs < to
  }

  async #serve(host: 'main' | 'backup', message: IncomingMessage, response: ServerResponse): Promise<void> {
    message.on('error', () => {})
    response.on('error', () => {})
    if (this.#during('allDown') || (host === 'main' && this.#during('mainDown'))) {
      message.socket.destroy()
      return
    }
    const chunks: Buffer[] = []
    try {
      for await (const chunk of message) chunks.push(chunk as Buffer)
    } catch {
      return
    }
    const body = Buffer.concat(chunks).toString('utf8')
    const read = readRequest(message, body, this.#options.merchants, this.nowMs())
    if ('fault' in read) {
      this.watch.complaints.push(`${message.method} ${message.url}: ${read.fault}`)
      const code = read.status === 401 ? 'SIGN_ERROR' : 'PARAM_ERROR'
      const text = JSON.stringify({ code, message: read.fault, detail: { issue: read.fault } })
      response.writeHead(read.status, { 'Content-Type': 'application/json' }).end(text)
      return
    }
    const { wish, merchant } = read
    const subject = this.#subjectOf(wish, merchant)
    const count = (this.#counts.get(`${wish.do} ${subject}`) ?? 0) + 1
    this.#counts.set(`${wish.do} ${subject}`, count)
    const luck = new Luck(this.#options.seed, wish.do, subject, count)
    const manners = mannersOf(luck)
    const stamp = this.#stampFor(message, merchant, luck)
    const answer: Answering = { response, wish, subject, merchant, luck, manners, stamp }
    if (host === 'backup') await new Promise<void>((go) => this.#after(1_500, go))
    if (wish.do === 'certificates') {
      this.#certificates(answer)
      return
    }
    const crowd = this.#during('crowd') && luck.chance(0.9)
    const drawn = troubleOf(luck, this.#options.harshness)
    const trouble = crowd ? null : drawn
    const about = this.#aboutOf(wish)
    this.calls.push({ atMs: this.worldMs(), do: wish.do, about, trouble: crowd ? 'spell' : trouble })
    this.watch.see(wish, subject, this.worldMs())
    if (crowd) {
      if (wish.do === 'refund' && luck.chance(0.3)) this.#perform(answer)
      const code = luck.pick(['FREQUENCYLIMITED', 'RATELIMIT_EXCEEDED'])
      this.#send(answer, refused(429, code, luck.chance(0.5)))
    } else this.#act(answer, trouble)
  }

  /** What the draws about a call hang on. */
  #subjectOf(wish: Wish, { mchid }: Merchant): string {
    switch (wish.do) {
      case 'certificates':
        return mchid
      case 'refund':
        return this.books.subjectOf(wish.owner, wish.asking.number)
      case 'refund query':
        return this.books.subjectOf(wish.owner, wish.key)
      case 'refund list':
        return nameOf(wish.owner, wish.order.key)
      default:
        return nameOf(wish.owner, wish.number)
    }
  }

  #aboutOf(wish: Exclude<Wish, { do: 'certificates' }>): string {
    const nowMs = this.nowMs()
    switch (wish.do) {
      case 'refund':
        return this.books.named(wish.owner, wish.asking.order, nowMs)?.number ?? wish.asking.order.key
      case 'refund query':
        return this.books.findRefund(wish.owner, wish, nowMs)?.entry.number ?? wish.key
      case 'refund list':
        return this.books.named(wish.owner, wish.order, nowMs)?.number ?? wish.order.key
      default:
        return wish.number
    }
  }

  #act(answer: Answering, trouble: Trouble | null): void {
    const { response, wish, luck } = answer
    const cut = (): void => {
      response.socket?.destroy()
    }
    switch (trouble) {
      case 'deaf':
        cut()
        break
      case 'mute':
        this.#perform(answer)
        cut()
        break
      case 'hanging':
        this.#perform(answer)
        break
      case 'dawdling':
        this.#after(luck.between(5_000, 60_000), () => {
          this.#perform(answer)
          cut()
        })
        break
      case 'broken': {
        if (luck.chance(0.5)) this.#perform(answer)
        const code = luck.pick(['SYSTEM_ERROR', 'SYSTEMERROR', 'BANKERROR'])
        if (luck.chance(0.3)) page(response, luck.pick([502, 503]))
        else this.#send(answer, refused(500, code, luck.chance(0.5)))
        break
      }
      case 'crowded':
        if (wish.do === 'refund' && luck.chance(0.5)) this.#perform(answer)
        this.#send(answer, refused(429, 'RATE_LIMITED', luck.chance(0.5)))
        break
      default:
        this.#say(answer, trouble)
    }
  }

  /** Does what is wished, and returns what the reply says to that; a question is answered with `trouble`. */
  #perform(answer: Answering, trouble: Trouble | null = null): Said | null {
    const { wish, luck } = answer
    const nowMs = this.nowMs()
    switch (wish.do) {
      case 'place':
        return said(answer, this.books.place(wish.placing, nowMs), trouble)
      case 'close':
        return said(answer, this.books.close(wish.owner, wish.number, nowMs), trouble)
      case 'reverse':
        return said(answer, this.books.reverse(wish.owner, wish.number, nowMs), trouble)
      case 'refund': {
        if (trouble === 'accepted' && luck.chance(0.5)) return refused(202, 'ACCEPTED', luck.chance(0.5))
        const paidAtMs = this.books.named(wish.owner, wish.asking.order, nowMs)?.paidAtMs ?? null
        if (trouble === 'forgetful' && paidAtMs !== null && nowMs - paidAtMs < 60_000) {
          return refused(404, luck.pick(['ORDER_NOT_EXIST', 'RESOURCE_NOT_EXISTS']), luck.chance(0.85))
        }
        const ruling = this.books.refund(wish.owner, wish.asking, nowMs)
        if (trouble === 'accepted') return refused(202, 'ACCEPTED', luck.chance(0.5))
        return refundSaid(answer, ruling, trouble)
      }
      default:
        return null
    }
  }

  #say(answer: Answering, trouble: Trouble | null): void {
    const { wish, subject, luck } = answer
    const earlier = this.#replies.get(`${wish.do} ${subject}`)
    if (trouble === 'replayed' && earlier !== undefined) {
      this.#write(answer, luck.pick(earlier as [Reply, ...Reply[]]), null)
      return
    }
    switch (wish.do) {
      case 'query':
        this.#send(answer, this.#known(answer, wish.owner, wish.number, trouble))
        break
      case 'refund query':
        this.#send(answer, this.#knownRefund(answer, wish, trouble))
        break
      case 'refund list':
        this.#send(answer, this.#knownRefunds(answer, wish, trouble))
        break
      default: {
        const reply = this.#perform(answer, trouble)
        if (reply !== null) this.#send(answer, reply)
        // Only now it was told, well signed, and with a key that the client must know.
        const isKnown = answer.stamp !== this.#pairOf(answer.merchant)[1]
        const isEmpty = isKnown && reply?.trouble === null && /"NOT_?ENOUGH"/.test(reply.text)
        if (wish.do === 'refund' && isEmpty) this.watch.toldPoolEmpty(wish.asking.number, this.worldMs())
      }
    }
  }

  #known(answer: Answering, owner: Owner, number: string, trouble: Trouble | null): Said {
    const { luck } = answer
    const nowMs = this.nowMs()
    const entry = this.books.find(owner, number, nowMs)
    const lagMs = entry !== null && luck.chance(0.5) ? entry.customer.lagMs * luck.draw() : 0
    const state = entry === null ? null : shown(entry, nowMs - lagMs)
    const forgets = entry !== null && trouble === 'forgetful' && nowMs - entry.bornMs < 60_000
    if (entry === null || state === null || forgets) {
      const code = luck.pick(['ORDER_NOT_EXIST', 'ORDERNOTEXIST', 'NOT_FOUND'])
      return refused(404, code, luck.chance(0.85), trouble)
    }
    if (trouble === 'accepted') return refused(202, 'USERPAYING', luck.chance(0.5))
    const other = this.#mixedUp(answer, trouble)
    // Nobody's program can tell this from a mix-up of its own, so a clerk of WeChat Pay's ends the order.
    if (other !== null && isUnpaid(entry)) entry.clerkClosesAtMs = Math.max(nowMs, entry.payUntilMs) + 30_000
    return this.#stated(answer, other ?? statement(answer, entry, state, trouble), trouble)
  }

  #knownRefund(
    answer: Answering,
    wish: Extract<Wish, { do: 'refund query' }>,
    trouble: Trouble | null,
  ): Said {
    const { luck } = answer
    const nowMs = this.nowMs()
    const found = this.books.findRefund(wish.owner, wish, nowMs)
    if (found === null) return noRefund(answer, trouble)
    const { entry, refund } = found
    const lagMs = luck.chance(0.5) ? entry.customer.lagMs * luck.draw() : 0
    const status = shownStatus(refund, nowMs - lagMs)
    const forgets = trouble === 'forgetful' && nowMs - refund.bornMs < 60_000
    if (status === null || forgets) return noRefund(answer, trouble)
    if (trouble === 'accepted') return refused(202, 'PROCESSING', luck.chance(0.5))
    const text = this.#mixedUp(answer, trouble) ?? refundStatement(answer, entry, refund, status, trouble)
    return this.#stated(answer, text, trouble)
  }

  #knownRefunds(
    answer: Answering,
    wish: Extract<Wish, { do: 'refund list' }>,
    trouble: Trouble | null,
  ): Said {
    const { luck } = answer
    const nowMs = this.nowMs()
    const entry = this.books.named(wish.owner, wish.order, nowMs)
    if (entry === null) {
      return refused(404, luck.pick(['ORDER_NOT_EXIST', 'RESOURCE_NOT_EXISTS']), luck.chance(0.85), trouble)
    }
    if (entry.refunds.length === 0 && luck.chance(0.3)) return noRefund(answer, trouble)
    const lagMs = luck.chance(0.5) ? entry.customer.lagMs * luck.draw() : 0
    const text = refundList(answer, entry, wish, nowMs - lagMs)
    return this.#stated(answer, this.#mixedUp(answer, trouble) ?? text, trouble)
  }

  /** What was said about another one, if there was one. */
  #mixedUp({ wish, subject }: Answering, trouble: Trouble | null): string | null {
    const last = this.#last.get(wish.do)
    return trouble === 'swapped' && last !== undefined && last.subject !== subject ? last.text : null
  }

  #stated({ wish, subject }: Answering, text: string, trouble: Trouble | null): Said {
    if (trouble !== 'swapped') this.#last.set(wish.do, { subject, text })
    return { status: 200, text, trouble }
  }

  #certificates(answer: Answering): void {
    const { luck, merchant } = answer
    const nowMs = this.nowMs()
    const startMs = this.#options.anchor.simulatedMs
    const [first, second] = this.#pairOf(merchant)
    const { rotatesAfterMs } = this.#options
    const { apiV3Key } = merchant
    const data = [sealed(first, apiV3Key, startMs - 86_400_000, nowMs + 86_400_000)]
    // Listed only when it is in use already: the client learns of it from the first reply that bears it.
    if (this.#ageMs() >= rotatesAfterMs) {
      data.unshift(sealed(second, apiV3Key, startMs - 3_600_000, nowMs + 365 * 86_400_000))
    }
    if (luck.chance(0.15 * this.#options.harshness)) {
      answer.response.socket?.destroy()
      return
    }
    this.#send(answer, { status: 200, text: JSON.stringify({ data, total: data.length }), trouble: null })
  }

  #stampFor(message: IncomingMessage, merchant: Merchant, luck: Luck): Stamp {
    const wanted = message.headers['wechatpay-serial']
    const certificate = this.#certificate(merchant, luck)
    // The institution is in the middle of its change from certificates to the public key.
    const mixed = merchant.mode === 'institutional' && luck.chance(0.3)
    return wanted === this.publicKey.serial && !mixed ? this.publicKey : certificate
  }

  #pairOf({ mchid }: Merchant): Pair {
    const pair = this.#certificatesOf.get(mchid)
    if (pair === undefined) throw new Error(`no certificates of ${mchid}`)
    return pair
  }

  #certificate(merchant: Merchant, luck: Luck): Stamp {
    const [first, second] = this.#pairOf(merchant)
    return this.#ageMs() >= this.#options.rotatesAfterMs && luck.chance(0.7) ? second : first
  }

  /** Callbacks of a merchant in its change go over to the public key in growing shares, whatever it wants. */
  #handFor(entry: Entry, luck: Luck): Hand {
    const { merchants } = this.#options
    const own = merchants.find((one) => nameOf(ownerOf(one), '') === nameOf(entry.owner, ''))
    if (own === undefined) throw new Error(`nobody's order ${entry.number}`)
    const other = merchants.find((one) => one !== own)
    const changed = luck.chance(Math.min(1, this.#ageMs() / (4 * this.#options.rotatesAfterMs)))
    const byKey = own.mode === 'institutional' && changed
    return {
      luck,
      stamp: byKey ? this.publicKey : this.#certificate(own, luck),
      apiV3Key: own.apiV3Key,
      nowMs: this.nowMs(),
      other: {
        owner: other === undefined ? { mchid: '1900008888' } : ownerOf(other),
        apiV3Key: (other ?? own).apiV3Key,
      },
    }
  }

  #send(answer: Answering, { status, text, trouble }: Said): void {
    const { wish, subject } = answer
    const body = Buffer.from(text)
    const signed = stamped(answer.stamp, trouble === 'forged' ? `${text} ` : text, this.nowMs())
    const probe = trouble === 'forged' && answer.luck.chance(0.5)
    const signature = probe ? `WECHATPAY/SIGNTEST/${signed.signature.slice(0, 300)}` : signed.signature
    const reply = { status, body, signed: trouble === 'unsigned' ? null : { ...signed, signature } }
    if (trouble === null && ['query', 'refund query', 'refund list'].includes(wish.do)) {
      const name = `${wish.do} ${subject}`
      this.#replies.set(name, [...(this.#replies.get(name) ?? []), reply])
    }
    this.#write(answer, reply, trouble)
  }

  #write({ response, manners, luck }: Answering, reply: Reply, trouble: Trouble | null): void {
    const after = (ms: number, run: () => void): void => this.#after(ms, run)
    write({ response, manners, luck, nowMs: this.nowMs(), after }, reply, trouble)
  }
}

interface Answering {
  readonly response: ServerResponse
  readonly wish: Wish
  /** What it is about, and what its draws hang on: an order or a refund. */
  readonly subject: string
  readonly merchant: Merchant
  readonly luck: Luck
  readonly manners: Manners
  readonly stamp: Stamp
}
