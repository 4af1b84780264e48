import type { Clock } from '../../clock.ts'
import type { Kind, OrderKey } from '../../core/order.ts'
import type {
  Credential,
  Outcome,
  Placed,
  RefundPage,
  RefundStatement,
  TradeStatement,
} from '../../core/outcome.ts'
import type { Placement } from '../../core/placement.ts'
import { secureNonces } from '../../random.ts'
import { type JsonObject, textOf } from '../../wechatpay/json.ts'
import { appPaySign, jsapiPaySign, miniProgramPaySign } from '../../wechatpay/pay-sign.ts'
import { refundPageFrom, refundStatementFrom } from '../../wechatpay/refund-statement.ts'
import type { Verification } from '../../wechatpay/reply-signature.ts'
import type { VerifySignature } from '../../wechatpay/signing.ts'
import { tradeStatementFrom } from '../../wechatpay/trade-statement.ts'
import type {
  Bill,
  Gateway,
  OpenedCallback,
  PaySign,
  PaySignRequest,
  PlaceRequest,
  ReceivedCallback,
  RefundDraft,
  RefundRange,
  RefundRequest,
} from '../gateway.ts'
import type { WechatPayAccount } from './account.ts'
import { BILL_LIMITS, billSigned, type SignedParts } from './bill.ts'
import { Callbacks } from './callbacks.ts'
import { Calls, type OnContact, type SignedCall } from './calls.ts'
import { ClockWatch } from './clock-watch.ts'
import { type OpenAccount, openAccount } from './open-account.ts'
import { outcomeOfFailure, outcomeOfReply, outcomeOfStatus, type Question } from './outcome.ts'
import { type LearntKey, PlatformKeys } from './platform-keys.ts'
import {
  billPath,
  CERTIFICATES_PATH,
  closePath,
  endingBody,
  PLACING_PATHS,
  placingBody,
  queryByIdPath,
  queryPath,
  REFUNDS_PATH,
  refundBody,
  refundPath,
  refundsPath,
  reversePath,
} from './requests.ts'
import { poolSigner, type Signer } from './signer.ts'
import type { HttpReply, Transport } from './transport.ts'
import { undiciTransport } from './undici-transport.ts'

export interface GlobalV3Options extends GatewayParts {
  readonly account: WechatPayAccount
}

/** What an account's gateway is made of, beside the account. */
export interface GatewayParts {
  readonly clock: Clock
  /** Default: undici. The gateway's `end` ends it. */
  readonly transport?: Transport
  /** Default: the merchant's key on the thread pool. */
  readonly signer?: Signer
  readonly nonces?: () => string
  /** How WeChat Pay's signatures are judged. Default: RSA. A simulation signs and verifies with something cheaper. */
  readonly verifySignature?: VerifySignature
  /** Told about every key of WeChat Pay's that the account uses, once, the configured ones at once. */
  readonly onKey?: (key: LearntKey) => void
  /** Told, at most once an hour, that WeChat Pay's clock is more than 60 s ahead of ours; negative if ours is. */
  readonly onClockApart?: (aheadMs: number) => void
  /** Hears how each call to a host went: whether it answered, whatever it said, and how long that took. */
  readonly onContact?: OnContact
  /** Until when this process may send, as of now: what was prepared before and comes later is not sent. Default: for ever. */
  readonly sendUntilMs?: () => number
}

/** WeChat Pay's Global APIv3 for one account. */
export interface GlobalV3Gateway extends Gateway {
  /** Query Order by WeChat Pay's own number. */
  queryById(order: OrderKey, transaction_id: string): Promise<Outcome<TradeStatement>>
}

/** @throws OPTION_INVALID or KEY_INVALID as `openAccount` */
export function globalV3Gateway(options: GlobalV3Options): GlobalV3Gateway {
  return openGateway(openAccount(options.account), options)
}

/** The same for an account that was checked and read before. */
export function openGateway(account: OpenAccount, parts: GatewayParts): GlobalV3Gateway {
  return new GlobalV3(account, parts)
}

class GlobalV3 implements GlobalV3Gateway {
  readonly identity: Gateway['identity']
  readonly callMsMax: number
  readonly #account: OpenAccount
  readonly #clock: Clock
  readonly #transport: Transport
  readonly #signer: Signer
  readonly #nonces: () => string
  readonly #calls: Calls
  readonly #keys: PlatformKeys
  readonly #callbacks: Callbacks
  readonly #clockWatch: ClockWatch

  constructor(account: OpenAccount, options: GatewayParts) {
    const { clock, transport, signer, nonces, onKey = () => {}, verifySignature } = options
    this.#clockWatch = new ClockWatch(options.onClockApart ?? (() => {}))
    this.#account = account
    this.#clock = clock
    this.#transport = transport ?? undiciTransport({ clock })
    this.#signer = signer ?? poolSigner(account.merchantPrivateKey)
    this.#nonces = nonces ?? secureNonces()
    const calls = new Calls({
      account,
      clock,
      transport: this.#transport,
      signer: this.#signer,
      nonces: this.#nonces,
      wanted: () => this.#keys.wanted,
      onContact: options.onContact ?? (() => {}),
      sendUntilMs: options.sendUntilMs ?? (() => Number.POSITIVE_INFINITY),
    })
    const download = () => calls.send({ method: 'GET', path: CERTIFICATES_PATH, body: '' })
    this.#calls = calls
    this.#keys = new PlatformKeys({ account, clock, download, onKey, verifySignature })
    this.#callbacks = new Callbacks({ account, clock, keys: this.#keys })
    this.identity = account.identity
    // A call may wait for one download of the certificates, before it or after.
    this.callMsMax = calls.callMsMax * (account.downloadsCertificates ? 2 : 1)
  }

  draft(placement: Placement): string {
    return placingBody(this.#account.ids, placement, this.#account.merchant_category_code)
  }

  place({ kind, body, signedAtMs }: PlaceRequest): Promise<Outcome<Placed>> {
    return this.#ask({ method: 'POST', path: PLACING_PATHS[kind], body, signedAtMs }, PLACED[kind])
  }

  query(order: OrderKey, notBeforeMs?: number): Promise<Outcome<TradeStatement>> {
    const path = queryPath(this.#account.ids, order)
    return this.#ask({ method: 'GET', path, body: '', notBeforeMs }, tradeIn)
  }

  queryById(order: OrderKey, transaction_id: string): Promise<Outcome<TradeStatement>> {
    const path = queryByIdPath(this.#account.ids, order, transaction_id)
    return this.#ask({ method: 'GET', path, body: '' }, tradeIn)
  }

  close(order: OrderKey, signedAtMs: number): Promise<Outcome<'done'>> {
    const body = endingBody(this.#account.ids, order)
    return this.#ask({ method: 'POST', path: closePath(order), body, signedAtMs }, done)
  }

  reverse(order: OrderKey, signedAtMs: number): Promise<Outcome<'done'>> {
    const body = endingBody(this.#account.ids, order)
    return this.#ask({ method: 'POST', path: reversePath(order), body, signedAtMs }, done)
  }

  draftRefund(refund: RefundDraft): string {
    return refundBody(this.#account.ids, refund)
  }

  refund({ body, signedAtMs }: RefundRequest): Promise<Outcome<RefundStatement>> {
    return this.#ask({ method: 'POST', path: REFUNDS_PATH, body, signedAtMs }, refundAccepted)
  }

  queryRefund(order: OrderKey, out_refund_no: string): Promise<Outcome<RefundStatement>> {
    const path = refundPath(this.#account.ids, order, out_refund_no)
    return this.#ask({ method: 'GET', path, body: '' }, refundIn)
  }

  queryRefunds(
    order: OrderKey,
    transaction_id: string | null,
    range: RefundRange,
  ): Promise<Outcome<RefundPage>> {
    const path = refundsPath(this.#account.ids, order, transaction_id, range)
    return this.#ask({ method: 'GET', path, body: '' }, refundsIn)
  }

  bill(day: string, sub_mchid: string | null): Promise<Outcome<Bill>> {
    const path = billPath(this.#account.ids, day, sub_mchid)
    return this.#askFor({ method: 'GET', path, body: '', large: BILL_LIMITS }, billSigned)
  }

  openCallback(callback: ReceivedCallback): Promise<OpenedCallback> {
    return this.#callbacks.open(callback)
  }

  paySign({ kind, prepay_id, appid = this.#appid }: PaySignRequest): PaySign | null {
    if (kind !== 'jsapi' && kind !== 'mini_program' && kind !== 'app') return null
    const timestamp = String(Math.floor(this.#clock.nowMs() / 1000))
    const fields = { appid, timestamp, nonce: this.#nonces(), prepay_id }
    const sign = (message: string): string => this.#signer.signNow(message)
    if (kind === 'app') return appPaySign(fields, this.identity.account, sign)
    return kind === 'jsapi' ? jsapiPaySign(fields, sign) : miniProgramPaySign(fields, sign)
  }

  async end(): Promise<void> {
    await this.#transport.end?.()
  }

  #ask<T>(call: SignedCall, read: Question<T>['read']): Promise<Outcome<T>> {
    return this.#askFor(call, (reply) => ({ signed: [reply], read }))
  }

  async #askFor<T>(call: SignedCall, partsOf: (reply: HttpReply) => SignedParts<T>): Promise<Outcome<T>> {
    const request = `${call.method} ${call.path}`
    // Without any key the reply to a payment would be lost on us: fetch the keys first.
    const hadKeys = this.#keys.wanted !== null
    if (!hadKeys) await this.#keys.learn()
    const askedAtMs = Math.max(this.#clock.nowMs(), call.notBeforeMs ?? 0)
    const result = await this.#calls.send(call)
    if (result.kind === 'failure') return outcomeOfFailure(result, request)
    const receivedAtMs = this.#clock.nowMs()
    this.#keys.keepFresh(receivedAtMs)
    const known = outcomeOfStatus(result, request)
    if (known !== null) return known
    const { signed, read } = partsOf(result)
    let { reply, verification } = this.#verifiedOne(signed, receivedAtMs)
    if (verification.kind === 'unknown-key' && hadKeys) {
      await this.#keys.learn()
      ;({ reply, verification } = this.#verifiedOne(signed, receivedAtMs))
    }
    this.#clockWatch.see(verification, { askedAtMs, nowMs: receivedAtMs })
    return outcomeOfReply({ request, read }, reply, verification, receivedAtMs)
  }

  /** The first that is signed; if none is, the likeliest. */
  #verifiedOne(
    signed: SignedParts<unknown>['signed'],
    nowMs: number,
  ): { readonly reply: HttpReply; readonly verification: Verification } {
    const [likeliest] = signed
    const first = { reply: likeliest, verification: this.#verified(likeliest, nowMs) }
    if (first.verification.kind !== 'forged' || signed.length === 1) return first
    for (const reply of signed.slice(1)) {
      const verification = this.#verified(reply, nowMs)
      if (verification.kind === 'verified') return { reply, verification }
    }
    return first
  }

  /** A body that couldn't be read can't be verified either: nothing was signed over nothing. */
  #verified({ headers, body }: HttpReply, nowMs: number): Verification {
    return this.#keys.verified({ headers, body: body ?? NO_BYTES }, nowMs)
  }

  get #appid(): string {
    const { ids } = this.#account
    return ids.mode === 'common' ? ids.appid : ids.sp_appid
  }
}

const NO_BYTES = new Uint8Array()

function tradeIn(status: number, json: JsonObject | null): TradeStatement | null {
  return status === 200 && json !== null ? tradeStatementFrom(json) : null
}

/** The request was accepted; how it goes, Query Refund tells. */
function refundAccepted(status: number, json: JsonObject | null): RefundStatement | null {
  return status === 200 && json !== null ? refundStatementFrom(json) : null
}

function refundIn(status: number, json: JsonObject | null): RefundStatement | null {
  const refund = refundAccepted(status, json)
  return refund?.status === undefined ? null : refund
}

function refundsIn(status: number, json: JsonObject | null): RefundPage | null {
  return status === 200 && json !== null ? refundPageFrom(json) : null
}

/** Close and reverse answer 204, the reverse with 200 according to one page; what became of the order, a query tells. */
function done(): 'done' {
  return 'done'
}

function quickPaid(status: number, json: JsonObject | null): Placed | null {
  const trade = tradeIn(status, json)
  return trade === null ? null : { kind: 'trade', trade }
}

function credentialIn(name: Credential['name']): Question<Placed>['read'] {
  return (status, json) => {
    const value = status === 200 ? textOf(json?.[name]) : undefined
    return value === undefined ? null : { kind: 'credential', credential: { name, value } }
  }
}

const prepayId = credentialIn('prepay_id')

const PLACED: Readonly<Record<Kind, Question<Placed>['read']>> = {
  quick_pay: quickPaid,
  native: credentialIn('code_url'),
  jsapi: prepayId,
  mini_program: prepayId,
  app: prepayId,
  h5: credentialIn('mweb_url'),
}
