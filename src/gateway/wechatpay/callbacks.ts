import { type Clock, within } from '../../clock.ts'
import {
  type CallbackEnvelope,
  callbackEnvelopeFrom,
  callbackTextOf,
} from '../../wechatpay/callback-envelope.ts'
import { verifiedEvidence } from '../../wechatpay/evidence.ts'
import { type HeaderMap, headersFromFlat } from '../../wechatpay/headers.ts'
import { type JsonObject, jsonObjectFrom, textOf } from '../../wechatpay/json.ts'
import { refundStatementFrom } from '../../wechatpay/refund-statement.ts'
import type { Verification } from '../../wechatpay/reply-signature.ts'
import { decryptResource, RESOURCE_ALGORITHM } from '../../wechatpay/resource.ts'
import { tradeStatementFrom } from '../../wechatpay/trade-statement.ts'
import {
  CALLBACK_MS_MAX,
  type CallbackEvent,
  type CallbackHint,
  type OpenedCallback,
  type ReceivedCallback,
  type UnreadableCallback,
} from '../gateway.ts'
import type { AccountIds, OpenAccount } from './open-account.ts'
import type { PlatformKeys } from './platform-keys.ts'
import { readText } from './reply-text.ts'
import { BODY_BYTES_MAX } from './transport.ts'

export interface CallbacksOptions {
  readonly account: OpenAccount
  readonly clock: Clock
  readonly keys: PlatformKeys
}

/** What nobody proved is decrypted for a hint only up to this size. A callback of WeChat Pay's has some 2,000 bytes. */
const HINT_BYTES_MAX = 65_536

/** Opens what came to the account's `notify_url`. Anybody can send there, so each step costs little until it holds. */
export class Callbacks {
  readonly #account: OpenAccount
  readonly #clock: Clock
  readonly #keys: PlatformKeys

  constructor({ account, clock, keys }: CallbacksOptions) {
    this.#account = account
    this.#clock = clock
    this.#keys = keys
  }

  async open({ headers, body }: ReceivedCallback): Promise<OpenedCallback> {
    if (body.length > BODY_BYTES_MAX) return { kind: 'unverified', why: 'forged', hint: null }
    const receivedAtMs = this.#clock.nowMs()
    const verification = await this.#verified(headersFromFlat(headers), body, receivedAtMs)
    if (verification.kind !== 'verified') {
      return { kind: 'unverified', why: verification.kind, hint: this.#hintIn(body) }
    }
    this.#keys.keepFresh(receivedAtMs)
    return this.#read(verification, body, receivedAtMs)
  }

  async #verified(headers: HeaderMap, body: Uint8Array, nowMs: number): Promise<Verification> {
    const verify = (): Verification => this.#keys.verifiedUnasked({ headers, body }, nowMs)
    const verification = verify()
    if (verification.kind !== 'unknown-key') return verification
    await within(this.#clock, CALLBACK_MS_MAX, this.#keys.learn())
    return verify()
  }

  #read(
    verification: Extract<Verification, { kind: 'verified' }>,
    bytes: Uint8Array,
    receivedAtMs: number,
  ): OpenedCallback {
    const body = readText(bytes)
    const json = body === null ? null : jsonObjectFrom(body)
    if (body === null || json === null) return unreadable('not-json')
    const envelope = callbackEnvelopeFrom(json)
    if (envelope === null) return unreadable('envelope')
    if (envelope.resource.algorithm !== RESOURCE_ALGORITHM) return unreadable('algorithm')
    const resource = decryptResource(this.#account.apiV3Key, envelope.resource)
    if (resource === null) return unreadable('undecryptable')
    const said = jsonObjectFrom(resource)
    if (said === null) return unreadable('resource')
    if (isForeign(this.#account.ids, said)) return unreadable('foreign')
    const event = eventIn(envelope, said)
    if (event === null) return unreadable('resource')
    const { id, event_type, create_time } = envelope
    const request = `callback ${event_type} ${id}`
    const context = { source: 'callback', request, status: 0, body, receivedAtMs } as const
    const evidence = verifiedEvidence(verification, context)
    return { kind: 'verified', id, event_type, create_time, evidence, resource, event }
  }

  /** Only WeChat Pay and we can have encrypted it, so it is worth a query, whatever became of its signature. */
  #hintIn(bytes: Uint8Array): CallbackHint | null {
    const body = bytes.length > HINT_BYTES_MAX ? null : readText(bytes)
    const resource = body === null ? null : callbackTextOf(body, this.#account.apiV3Key)
    const said = resource === null ? null : jsonObjectFrom(resource)
    return said === null ? null : orderIn(this.#account.ids, said)
  }
}

function unreadable(why: UnreadableCallback['why']): UnreadableCallback {
  return { kind: 'unreadable', why }
}

function eventIn({ event_type }: CallbackEnvelope, said: JsonObject): CallbackEvent | null {
  switch (event_type) {
    case 'TRANSACTION.SUCCESS': {
      const trade = tradeStatementFrom(said)
      return trade === null ? null : { kind: 'payment', trade }
    }
    case 'REFUND.SUCCESS':
    case 'REFUND.ABNORMAL':
    case 'REFUND.CLOSED': {
      const refund = refundStatementFrom(said)
      return refund?.status === undefined ? null : { kind: 'refund', refund }
    }
    default:
      return { kind: 'other', event_type }
  }
}

/** Whether it names another merchant, be it in the other mode's words. One that names none is not foreign. */
function isForeign(ids: AccountIds, { mchid, sp_mchid }: JsonObject): boolean {
  const [ours, theirs, others] =
    ids.mode === 'common' ? [ids.mchid, mchid, sp_mchid] : [ids.sp_mchid, sp_mchid, mchid]
  return textOf(theirs) === undefined ? textOf(others) !== undefined : theirs !== ours
}

/** The order that it names, if it names this account as well. */
function orderIn(ids: AccountIds, said: JsonObject): CallbackHint | null {
  const out_trade_no = textOf(said.out_trade_no)
  if (out_trade_no === undefined) return null
  if (ids.mode === 'common') return said.mchid === ids.mchid ? { sub_mchid: null, out_trade_no } : null
  const sub_mchid = textOf(said.sub_mchid)
  return said.sp_mchid === ids.sp_mchid && sub_mchid !== undefined ? { sub_mchid, out_trade_no } : null
}
