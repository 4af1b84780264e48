import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { Books, type Entry, isUnpaid, nameOf, type Owner, type Ruling, type State, shown } from './books.ts'
import { Luck } from './chance.ts'
import { type Manners, mannersOf, type Trouble, troubleOf } from './moods.ts'
import { type Merchant, readRequest, type Wish } from './reader.ts'
import { certificateStamp, publicKeyStamp, type Signed, type Stamp, sealed, stamped } from './stamp.ts'

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
  readonly apiV3Key: string
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
  readonly do: 'place' | 'query' | 'close' | 'reverse'
  readonly order: string
  readonly trouble: Trouble | 'spell' | null
}

interface Reply {
  readonly status: number
  readonly body: Buffer
  readonly signed: Signed | null
}

export class OtherWechatPay {
  readonly books: Books
  readonly publicKey: Stamp
  readonly certificates: readonly [Stamp, Stamp]
  readonly calls: Call[] = []
  /** Requests that break a rule of the documents: each is a fault of the client. */
  readonly complaints: string[] = []
  /** Quick Pay requests that came in well signed, by order. */
  readonly quickPays = new Map<string, number>()
  readonly #options: Options
  readonly #servers: Server[] = []
  readonly #bytes = new Map<string, string>()
  readonly #firstPlacedMs = new Map<string, number>()
  readonly #counts = new Map<string, number>()
  /** What was said well about each order, for replays. */
  readonly #replies = new Map<string, readonly Reply[]>()
  #lastStatement: { order: string; text: string } | null = null
  readonly #timers = new Set<NodeJS.Timeout>()

  constructor(options: Options) {
    this.#options = options
    this.books = new Books(options.seed)
    this.publicKey = publicKeyStamp('PUB_KEY_ID_0119000091912026112300000000000001')
    this.certificates = [certificateStamp(this.nowMs()), certificateStamp(this.nowMs())]
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

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer)
    await Promise.all(
      this.#servers.map((server) => {
        server.closeAllConnections()
        return new Promise((resolve) => server.close(resolve))
      }),
    )
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
      this.complaints.push(`${message.method} ${message.url}: ${read.fault}`)
      const code = read.status === 401 ? 'SIGN_ERROR' : 'PARAM_ERROR'
      const text = JSON.stringify({ code, message: read.fault, detail: { issue: read.fault } })
      response.writeHead(read.status, { 'Content-Type': 'application/json' }).end(text)
      return
    }
    const { wish, merchant } = read
    const order = wish.do === 'certificates' ? merchant.mchid : nameOf(wish.owner, wish.number)
    const count = (this.#counts.get(`${wish.do} ${order}`) ?? 0) + 1
    this.#counts.set(`${wish.do} ${order}`, count)
    const luck = new Luck(this.#options.seed, wish.do, order, count)
    const manners = mannersOf(luck)
    const stampFor = this.#stampFor(message, merchant, luck)
    const answer: Answering = { response, wish, order, luck, manners, stamp: stampFor }
    if (host === 'backup') await new Promise<void>((go) => this.#after(1_500, go))
    if (wish.do === 'certificates') {
      this.#certificates(answer)
      return
    }
    const crowd = this.#during('crowd') && luck.chance(0.9)
    const drawn = troubleOf(luck, this.#options.harshness)
    const trouble = crowd ? null : drawn
    this.calls.push({ atMs: this.worldMs(), do: wish.do, order, trouble: crowd ? 'spell' : trouble })
    this.#watch(wish, order)
    if (crowd) {
      const code = luck.pick(['FREQUENCYLIMITED', 'RATELIMIT_EXCEEDED'])
      this.#send(answer, refused(429, code, luck.chance(0.5)))
    } else this.#act(answer, trouble)
  }

  /** What the documents ask of the one who calls. */
  #watch(wish: Wish, order: string): void {
    const nowMs = this.worldMs()
    if (wish.do === 'place') {
      const before = this.#bytes.get(order)
      this.#bytes.set(order, wish.placing.bytes)
      if (before !== undefined && before !== wish.placing.bytes) this.complaints.push(`${order}: other bytes`)
      if (!this.#firstPlacedMs.has(order)) this.#firstPlacedMs.set(order, nowMs)
      if (wish.placing.tradeType === 'MICROPAY') {
        this.quickPays.set(order, (this.quickPays.get(order) ?? 0) + 1)
      }
    } else if (wish.do === 'close' || wish.do === 'reverse') {
      const ageMs = nowMs - (this.#firstPlacedMs.get(order) ?? Number.NEGATIVE_INFINITY)
      // They count from sending, we from receiving: the placing may have been on its way for as long as a call takes.
      if (ageMs < (wish.do === 'close' ? 300_000 : 15_000) - 9_000 - 100 * this.#options.anchor.speed) {
        this.complaints.push(`${order}: ${wish.do} after ${Math.round(ageMs)} ms`)
      }
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
        this.#perform(wish)
        cut()
        break
      case 'hanging':
        this.#perform(wish)
        break
      case 'dawdling':
        this.#after(luck.between(5_000, 60_000), () => {
          this.#perform(wish)
          cut()
        })
        break
      case 'broken': {
        if (luck.chance(0.5)) this.#perform(wish)
        const code = luck.pick(['SYSTEM_ERROR', 'SYSTEMERROR', 'BANKERROR'])
        if (luck.chance(0.3)) page(response, luck.pick([502, 503]))
        else this.#send(answer, refused(500, code, luck.chance(0.5)))
        break
      }
      case 'crowded':
        this.#send(answer, refused(429, 'RATE_LIMITED', luck.chance(0.5)))
        break
      default:
        this.#say(answer, trouble)
    }
  }

  #perform(wish: Wish): Ruling | null {
    const nowMs = this.nowMs()
    switch (wish.do) {
      case 'place':
        return this.books.place(wish.placing, nowMs)
      case 'close':
        return this.books.close(wish.owner, wish.number, nowMs)
      case 'reverse':
        return this.books.reverse(wish.owner, wish.number, nowMs)
      default:
        return null
    }
  }

  #say(answer: Answering, trouble: Trouble | null): void {
    const { wish, order, luck } = answer
    const ruling = this.#perform(wish)
    const earlier = this.#replies.get(order)
    if (wish.do === 'query' && trouble === 'replayed' && earlier !== undefined) {
      this.#write(answer, luck.pick(earlier as [Reply, ...Reply[]]), null)
    } else if (wish.do === 'query') {
      this.#send(answer, this.#known(answer, wish.owner, wish.number, trouble))
    } else if (ruling !== null) {
      this.#send(answer, said(answer, ruling, trouble))
    }
  }

  #known(answer: Answering, owner: Owner, number: string, trouble: Trouble | null): Said {
    const { luck, order } = answer
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
    const last = this.#lastStatement
    if (trouble === 'swapped' && last !== null && last.order !== order) {
      // Nobody's program can tell this from a mix-up of its own, so a clerk of WeChat Pay's ends the order.
      if (isUnpaid(entry)) entry.clerkClosesAtMs = Math.max(nowMs, entry.payUntilMs) + 30_000
      return { status: 200, text: last.text, trouble }
    }
    const text = statement(answer, entry, state, trouble)
    this.#lastStatement = { order, text }
    return { status: 200, text, trouble }
  }

  #certificates(answer: Answering): void {
    const { luck } = answer
    const nowMs = this.nowMs()
    const startMs = this.#options.anchor.simulatedMs
    const [first, second] = this.certificates
    const { apiV3Key, rotatesAfterMs } = this.#options
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
    const [first, second] = this.certificates
    const certificate = this.#ageMs() >= this.#options.rotatesAfterMs && luck.chance(0.7) ? second : first
    // The institution is in the middle of its change from certificates to the public key.
    const mixed = merchant.mode === 'institutional' && luck.chance(0.3)
    return wanted === this.publicKey.serial && !mixed ? this.publicKey : certificate
  }

  #send(answer: Answering, { status, text, trouble }: Said): void {
    const body = Buffer.from(text)
    const signed = stamped(answer.stamp, trouble === 'forged' ? `${text} ` : text, this.nowMs())
    const probe = trouble === 'forged' && answer.luck.chance(0.5)
    const signature = probe ? `WECHATPAY/SIGNTEST/${signed.signature.slice(0, 300)}` : signed.signature
    const reply = { status, body, signed: trouble === 'unsigned' ? null : { ...signed, signature } }
    if (trouble === null && answer.wish.do === 'query') {
      this.#replies.set(answer.order, [...(this.#replies.get(answer.order) ?? []), reply])
    }
    this.#write(answer, reply, trouble)
  }

  #write(answer: Answering, { status, body, signed }: Reply, trouble: Trouble | null): void {
    const { response, manners, luck } = answer
    if (response.destroyed) return
    const headers: [string, string][] = [['Request-Id', `08${luck.draw().toString(36).slice(2)}-268435456`]]
    if (signed !== null) {
      headers.push(['Wechatpay-Timestamp', signed.timestamp])
      headers.push(['Wechatpay-Serial', signed.serial], ['Wechatpay-Signature', signed.signature])
      const half = trouble === 'halfSigned' ? luck.pick(['no nonce', 'two serials'] as const) : null
      if (half !== 'no nonce') headers.push(['Wechatpay-Nonce', signed.nonce])
      if (half === 'two serials') headers.push(['Wechatpay-Serial', 'ANOTHER'])
      if (manners.signatureType) headers.push(['Wechatpay-Signature-Type', 'WECHATPAY2-SHA256-RSA2048'])
    }
    const hasBody = status !== 204
    const gzip = hasBody && manners.gzip
    const bytes = gzip ? gzipSync(body) : body
    const drips = trouble === 'dripping' || trouble === 'torn'
    if (hasBody) headers.push(['Content-Type', 'application/json; charset=utf-8'], ['X-Powered-By', 'other'])
    if (gzip) headers.push(['Content-Encoding', 'gzip'])
    if (hasBody && !manners.chunked) headers.push(['Content-Length', String(bytes.length)])
    if (status === 204 && manners.done === '204 with length') headers.push(['Content-Length', '0'])
    if (manners.closing === 'says it') headers.push(['Connection', 'close'])
    response.sendDate = manners.date === 'right'
    if (manners.date === 'hours off') headers.push(['Date', new Date(this.nowMs() + 7_200_000).toUTCString()])
    response.writeHead(
      status,
      headers.flatMap(([name, value]) => [cased(name, manners), value]),
    )
    if (drips && hasBody) this.#drip(answer, bytes, trouble === 'torn')
    else if (hasBody && manners.chunked) {
      const middle = Math.floor(bytes.length / 2)
      response.write(bytes.subarray(0, middle))
      response.end(bytes.subarray(middle))
    } else response.end(hasBody ? bytes : undefined)
    // The worst moment: the client thinks that the connection lives, and puts the next request on it.
    if (manners.closing === 'just does it' && !drips) {
      const { socket } = response
      response.once('finish', () => this.#after(luck.between(0, 2_000), () => socket?.destroy()))
    }
  }

  /** Within the client's patience or beyond it, or up to a cut in the middle. */
  #drip({ response, luck }: Answering, bytes: Buffer, tears: boolean): void {
    const parts = 5
    const pauseMs = luck.pick([300, 900, 3_000])
    const step = Math.ceil(bytes.length / parts)
    const next = (at: number): void => {
      if (response.destroyed) return
      if (tears && at >= 2 * step) {
        response.socket?.destroy()
        return
      }
      if (at >= bytes.length) {
        response.end()
        return
      }
      response.write(bytes.subarray(at, at + step))
      this.#after(pauseMs, () => next(at + step))
    }
    next(0)
  }
}

interface Answering {
  readonly response: ServerResponse
  readonly wish: Wish
  readonly order: string
  readonly luck: Luck
  readonly manners: Manners
  readonly stamp: Stamp
}

/** What a reply states, before it is signed and spoilt. */
interface Said {
  readonly status: number
  readonly text: string
  readonly trouble: Trouble | null
}

function refused(status: number, code: string, signed: boolean, trouble: Trouble | null = null): Said {
  const text = JSON.stringify({ code, message: `${code.toLowerCase()}: see the manual`, detail: null })
  return { status, text, trouble: trouble ?? (signed ? null : 'unsigned') }
}

function said(answer: Answering, ruling: Ruling, trouble: Trouble | null): Said {
  const { wish, luck, manners } = answer
  if (!ruling.ok) return refused(ruling.status, ruling.code, luck.chance(0.9), trouble)
  if (wish.do === 'place') return placed(answer, ruling.entry, trouble)
  if (manners.done.startsWith('204')) return { status: 204, text: '', trouble }
  const text = manners.done === '200 with code' ? '{"code":"SUCCESS","message":"成功"}' : '{}'
  return { status: 200, text, trouble }
}

function placed(answer: Answering, entry: Entry, trouble: Trouble | null): Said {
  const { state, tradeType } = entry
  if (tradeType !== 'MICROPAY') {
    return { status: 200, text: JSON.stringify(credentialOf(entry)), trouble }
  }
  if (state === 'USERPAYING' && trouble === 'accepted') {
    return refused(202, 'USERPAYING', answer.luck.chance(0.5))
  }
  const bare = state !== 'SUCCESS' && answer.luck.chance(0.6)
  const text = bare ? JSON.stringify({ trade_state: state }) : statement(answer, entry, state, trouble)
  return { status: 200, text, trouble }
}

function page(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'Content-Type': 'text/html' }).end('<html><h1>Bad Gateway</h1></html>')
}

function statement(
  { luck, manners }: Pick<Answering, 'luck' | 'manners'>,
  entry: Entry,
  state: State,
  trouble: Trouble | null,
): string {
  const paid = entry.paidAtMs !== null && (state === 'SUCCESS' || state === 'REFUND')
  const withAmount = paid || luck.chance(0.5)
  const sloppy = trouble === 'sloppy'
  const total = sloppy && luck.chance(0.5) ? String(entry.total) : entry.total
  const amount = { total, currency: entry.currency, payer_total: entry.total * 9, payer_currency: 'CNY' }
  const { sub_mchid = null } = entry.owner
  return JSON.stringify({
    x_trace: { region: 'hk', hops: [1, 2] },
    trade_state: trouble === 'strange' ? luck.pick(['PROCESSING', 'success', 'SUCCESS ', 'PAID']) : state,
    trade_state_desc: luck.chance(0.5) ? `state: ${state}` : null,
    ...(sloppy && luck.chance(0.5) ? {} : { out_trade_no: entry.number }),
    [manners.idName]: paid || luck.chance(0.5) ? entry.id : null,
    trade_type: entry.tradeType,
    sub_mchid,
    ...entry.owner,
    attach: entry.attach,
    bank_type: null,
    success_time: paid ? new Date(entry.paidAtMs ?? 0).toISOString() : null,
    payer: luck.chance(0.5) ? null : { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' },
    ...(withAmount ? { amount } : luck.chance(0.5) ? { amount: null } : {}),
    promotion_detail: [],
  })
}

function credentialOf({ tradeType, id }: Entry): object {
  switch (tradeType) {
    case 'NATIVE':
      return { code_url: `weixin://wxpay/bizpayurl?pr=${id.slice(-8)}`, prepay_id: null }
    case 'MWEB':
      return { mweb_url: `https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?id=${id}` }
    default:
      return { prepay_id: `wx${id}`, expires_in: 7200 }
  }
}

function cased(name: string, { headerCase }: Manners): string {
  if (headerCase === 'Title') return name
  return headerCase === 'UPPER' ? name.toUpperCase() : name.toLowerCase()
}
