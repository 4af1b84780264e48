import type { KeyObject } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import { jsonObjectFrom } from '../../wechatpay/json.ts'
import {
  type SignedMessage,
  type Verification,
  verifySigned,
  verifyUnasked,
} from '../../wechatpay/reply-signature.ts'
import { spkiPem, type VerifySignature } from '../../wechatpay/signing.ts'
import { certificatesFrom, type PlatformCertificate } from './certificates.ts'
import type { OpenAccount } from './open-account.ts'
import { readText } from './reply-text.ts'
import type { HttpReply, HttpResult } from './transport.ts'

/** A key of WeChat Pay's, to be kept by its serial for ever: evidence signed with it can then always be checked. */
export interface LearntKey {
  readonly account: string
  readonly serial: string
  /** SPKI PEM. */
  readonly publicKey: string
}

export interface PlatformKeysOptions {
  readonly account: OpenAccount
  readonly clock: Clock
  /** `GET /v3/global/certificates`, signed. */
  readonly download: () => Promise<HttpResult>
  /** Must not throw. */
  readonly onKey: (key: LearntKey) => void
  /** Default: RSA. */
  readonly verifySignature?: VerifySignature | undefined
}

/** WeChat Pay wants less than 12 h between two downloads. */
export const REFRESH_MS = 11 * 3_600_000
/** An unknown serial asks for at most one download in this time: whoever forges serials must not cost us more. */
export const MISS_MS = 60_000
/** After a download that brought nothing. */
export const RETRY_MS = 5_000

/**
 * The keys with which WeChat Pay signs for one account, by serial: its public key, and any number of platform
 * certificates beside it, so that both modes and both certificates of a change-over work at once.
 */
export class PlatformKeys {
  readonly #options: PlatformKeysOptions
  readonly #certificates = new Map<string, PlatformCertificate>()
  #newest: PlatformCertificate | null = null
  #underWay: Promise<void> | null = null
  #mayDownloadAtMs = 0
  #refreshAtMs: number

  constructor(options: PlatformKeysOptions) {
    this.#options = options
    const { publicKey, certificates, downloadsCertificates } = options.account
    this.#refreshAtMs = downloadsCertificates ? 0 : Number.POSITIVE_INFINITY
    if (publicKey !== null) this.#tell(publicKey.serial, publicKey.key)
    for (const certificate of certificates) this.#add(certificate)
    this.#tidy(options.clock.nowMs())
  }

  /** The key of a serial, if it may be used now. */
  readonly keyOf = (serial: string): KeyObject | null => {
    const { publicKey } = this.#options.account
    if (serial === publicKey?.serial) return publicKey.key
    const certificate = this.#certificates.get(serial)
    return certificate !== undefined && isInForce(certificate, this.#options.clock.nowMs())
      ? certificate.key
      : null
  }

  /** Whether WeChat Pay signed a reply. */
  verified(message: SignedMessage, nowMs: number): Verification {
    return verifySigned(message, nowMs, this.keyOf, this.#options.verifySignature)
  }

  /** The same for what nobody asked for. */
  verifiedUnasked(message: SignedMessage, nowMs: number): Verification {
    return verifyUnasked(message, nowMs, this.keyOf, this.#options.verifySignature)
  }

  /** The serial of the key that replies should be signed with: the public key's, else the newest certificate's. */
  get wanted(): string | null {
    const { account, clock } = this.#options
    if (account.publicKey !== null) return account.publicKey.serial
    const newest = this.#newest
    return newest !== null && isInForce(newest, clock.nowMs()) ? newest.writtenSerial : null
  }

  /** Fetches the certificates because one is missing, unless that was tried lately. */
  learn(): Promise<void> {
    if (this.#underWay === null) {
      if (!this.#options.account.downloadsCertificates) return DONE
      if (this.#options.clock.nowMs() < this.#mayDownloadAtMs) return DONE
    }
    return this.#refresh()
  }

  /** Called with every reply: renews the certificates in the background when that is due. Never waits. */
  keepFresh(nowMs: number): void {
    if (nowMs >= this.#refreshAtMs && nowMs >= this.#mayDownloadAtMs) void this.#refresh()
  }

  #refresh(): Promise<void> {
    this.#underWay ??= this.#download().finally(() => {
      this.#underWay = null
    })
    return this.#underWay
  }

  async #download(): Promise<void> {
    const { clock, download } = this.#options
    // A signer that fails is told by the call that wanted an answer; here, in the background, nobody listens.
    const result = await download().catch((): HttpResult => NOT_SENT)
    const nowMs = clock.nowMs()
    const certificates = result.kind === 'reply' ? this.#believable(result, nowMs) : null
    if (certificates !== null) {
      for (const certificate of certificates) this.#add(certificate)
      this.#tidy(nowMs)
      this.#mayDownloadAtMs = nowMs + MISS_MS
      this.#refreshAtMs = nowMs + REFRESH_MS
    } else if (result.kind === 'reply' && this.#hasNoCertificates(result, nowMs)) {
      // The merchant is in public key mode only: asking again would change nothing.
      this.#mayDownloadAtMs = this.#refreshAtMs = nowMs + REFRESH_MS
    } else {
      this.#mayDownloadAtMs = nowMs + RETRY_MS
    }
  }

  /** The certificates of a download, if one of them, or a key that we have, verifies the reply itself. */
  #believable(reply: HttpReply, nowMs: number): readonly PlatformCertificate[] | null {
    const body = readText(reply.body)
    if (reply.status !== 200 || reply.body === null || body === null) return null
    // The first download can only be verified with what it brings, so it is decrypted first; only WeChat Pay and we
    // know the key for that.
    const certificates = certificatesFrom(body, this.#options.account.apiV3Key)
    if (certificates === null) return null
    const usable = certificates.filter((certificate) => isInForce(certificate, nowMs))
    const keyOf = (serial: string): KeyObject | null =>
      usable.find((certificate) => certificate.serial === serial)?.key ?? this.keyOf(serial)
    const message = { headers: reply.headers, body: reply.body }
    const { kind } = verifySigned(message, nowMs, keyOf, this.#options.verifySignature)
    return kind === 'verified' ? certificates : null
  }

  /** Whether WeChat Pay says so, signed with a key that we have. Without one it would leave the account without any. */
  #hasNoCertificates({ headers, body }: HttpReply, nowMs: number): boolean {
    const text = readText(body)
    if (body === null || text === null) return false
    if (this.verified({ headers, body }, nowMs).kind !== 'verified') return false
    return jsonObjectFrom(text)?.code === 'RESOURCE_NOT_EXISTS'
  }

  #add(certificate: PlatformCertificate): void {
    const before = this.#certificates.get(certificate.serial)
    this.#certificates.set(certificate.serial, certificate)
    if (before === undefined) this.#tell(certificate.serial, certificate.key)
  }

  #tidy(nowMs: number): void {
    this.#newest = null
    for (const certificate of this.#certificates.values()) {
      if (certificate.expiresAtMs <= nowMs) this.#certificates.delete(certificate.serial)
      else if (
        isInForce(certificate, nowMs) &&
        certificate.effectiveAtMs > (this.#newest?.effectiveAtMs ?? Number.NEGATIVE_INFINITY)
      ) {
        this.#newest = certificate
      }
    }
  }

  #tell(serial: string, key: KeyObject): void {
    const { account, onKey } = this.#options
    onKey({ account: account.identity.account, serial, publicKey: spkiPem(key) })
  }
}

const DONE = Promise.resolve()
const NOT_SENT: HttpResult = { kind: 'failure', reason: 'not-sent', sent: false, detail: 'not signed' }

/** A certificate that is listed before its time, as WeChat Pay does, is kept and not yet believed. */
function isInForce({ effectiveAtMs, expiresAtMs }: PlatformCertificate, nowMs: number): boolean {
  return effectiveAtMs <= nowMs && nowMs < expiresAtMs
}
