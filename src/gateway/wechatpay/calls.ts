import { type Clock, sleep } from '../../clock.ts'
import { authorization, requestMessage } from '../../wechatpay/signing.ts'
import { UNSENT_MS_MAX } from '../gateway.ts'
import { type Contact, FIRST_HOST, type Hosts, hostsAfter, hostsAt } from './hosts.ts'
import type { OpenAccount } from './open-account.ts'
import type { Signer } from './signer.ts'
import type { HttpRequest, HttpResult, Transport } from './transport.ts'

export interface Calling {
  readonly account: OpenAccount
  readonly clock: Clock
  readonly transport: Transport
  readonly signer: Signer
  /** A new nonce each time. */
  readonly nonces: () => string
  /** The serial of the key that the reply should be signed with; without one WeChat Pay takes a certificate. */
  readonly wanted: () => string | null
  /** Hears how each call to a host went. */
  readonly onContact: OnContact
  /** Later than this nothing may leave. */
  readonly sendUntilMs: () => number
}

export type OnContact = (host: string, contact: Contact, tookMs: number) => void

export interface SignedCall {
  readonly method: HttpRequest['method']
  readonly path: string
  readonly body: string
  /** The moment of the written intent; now for a call without one. */
  readonly signedAtMs?: number
  /** Signed at once, and sent at this moment or later. */
  readonly notBeforeMs?: number | undefined
  /** What is larger than any other answer, and takes longer than the account's calls may. */
  readonly large?: Pick<HttpRequest, 'readTimeoutMs' | 'bodyBytesMax'>
}

const USER_AGENT = 'verdict-pay (Node.js)'

/** Signs calls for one account and sends each to the host in use. */
export class Calls {
  readonly #calling: Calling
  readonly #mchid: string
  /** Of each origin. */
  readonly #hostNames: readonly string[]
  #hosts: Hosts = FIRST_HOST

  constructor(calling: Calling) {
    this.#calling = calling
    this.#mchid = calling.account.identity.account
    this.#hostNames = calling.account.origins.map((origin) => new URL(origin).host)
  }

  /** The longest that a call can take: it leaves in time or not at all, and is read in time or not at all. */
  get callMsMax(): number {
    return UNSENT_MS_MAX + this.#calling.account.readTimeoutMs
  }

  async send({ method, path, body, signedAtMs, notBeforeMs = 0, large }: SignedCall): Promise<HttpResult> {
    const { account, clock, signer, nonces, wanted, sendUntilMs } = this.#calling
    const startedAtMs = clock.nowMs()
    const atMs = signedAtMs ?? startedAtMs
    const timestamp = String(Math.floor(atMs / 1000))
    const nonce = nonces()
    const signature = await signer.sign(requestMessage({ method, url: path, timestamp, nonce, body }))
    const earlyMs = notBeforeMs - clock.nowMs()
    if (earlyMs > 0) await sleep(clock, earlyMs)
    const headers = [
      'authorization',
      authorization({
        mchid: this.#mchid,
        nonce_str: nonce,
        timestamp,
        serial_no: account.serial_no,
        signature,
      }),
      'accept',
      large === undefined ? 'application/json' : 'application/json, text/plain',
      'user-agent',
      USER_AGENT,
    ]
    if (method === 'POST') headers.push('content-type', 'application/json')
    const serial = wanted()
    if (serial !== null) headers.push('wechatpay-serial', serial)
    const { connectTimeoutMs, readTimeoutMs } = account
    const notAfterMs = Math.min(Math.min(atMs, startedAtMs) + UNSENT_MS_MAX, sendUntilMs())
    const first = this.#host()
    const request = { method, path, headers, body, notAfterMs, connectTimeoutMs, readTimeoutMs, ...large }
    const result = await this.#sendTo(first, request)
    // What surely never left may go to the other host at once, Quick Pay too. What may have left never does.
    const mayRepeat = result.kind === 'failure' && result.reason === 'unreachable' && !result.sent
    return mayRepeat && account.origins.length === 2 ? this.#sendTo(1 - first, request) : result
  }

  #host(): number {
    if (this.#calling.account.origins.length === 1) return 0
    this.#hosts = hostsAt(this.#hosts, this.#calling.clock.nowMs())
    return this.#hosts.current
  }

  async #sendTo(host: number, request: Omit<HttpRequest, 'origin'>): Promise<HttpResult> {
    const { account, clock, transport, onContact } = this.#calling
    const fromMs = clock.nowMs()
    // Signing may have taken its time.
    if (fromMs > request.notAfterMs) return TOO_LATE
    const origin = account.origins[host] ?? account.origins[0]
    const result = await transport({ ...request, origin })
    const contact = contactOf(result)
    if (contact === null) return result
    const nowMs = clock.nowMs()
    onContact(this.#hostNames[host] ?? origin, contact, nowMs - fromMs)
    if (account.origins.length === 2) this.#hosts = hostsAfter(this.#hosts, host, contact, nowMs)
    return result
  }
}

const TOO_LATE: HttpResult = {
  kind: 'failure',
  reason: 'not-sent',
  sent: false,
  detail: `not sent within ${UNSENT_MS_MAX} ms`,
}

function contactOf(result: HttpResult): Contact | null {
  if (result.kind === 'reply') return result.status >= 500 ? 'failed' : 'reached'
  if (result.reason === 'not-sent') return null
  return result.reason === 'unreachable' ? 'unreachable' : 'failed'
}
