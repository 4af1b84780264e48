import { createPublicKey, generateKeyPair, type KeyObject, randomInt, X509Certificate } from 'node:crypto'
import { promisify } from 'node:util'
import { apiV3Key } from '../wechatpay/resource.ts'
import { privateKeyFrom, serialOf } from '../wechatpay/signing.ts'
import { selfSigned } from './certificate.ts'

/** Everything a client needs to be known here, and WeChat Pay's own secrets. Texts only, so that it can be stored. */
export interface Credentials {
  readonly identity: Identity
  readonly merchantKey: string
  readonly merchantCertificate: string
  readonly wechatpayKey: string
  readonly platformKey: string
  readonly platformCertificate: string
}

export interface Identity {
  readonly mchid: string
  readonly appid: string
  readonly sp_mchid: string
  readonly sp_appid: string
  readonly sub_mchid: string
  readonly sub_appid: string
  /** 32 bytes. */
  readonly apiV3Key: string
  readonly wechatpayPublicKeyId: string
}

/** The same, ready for use. */
export interface Keys {
  readonly identity: Identity
  readonly credentials: Credentials
  /** Encrypts callbacks and certificates. */
  readonly apiV3Key: KeyObject
  /** Verifies requests. */
  readonly merchantPublicKey: KeyObject
  readonly serial_no: string
  /** Sign replies: one is known to clients by its id, the other by its certificate's serial number. */
  readonly wechatpayKey: KeyObject
  readonly platformKey: KeyObject
  readonly platformCertificateSerial: string
  readonly platformFromMs: number
  readonly platformToMs: number
}

const DAY_MS = 86_400_000
const CERTIFICATE_MS = 5 * 365 * DAY_MS

/** Fresh keys and ids that look real. Certificates are valid from a day ago for five years, as WeChat Pay's are. */
export async function createCredentials(nowMs: number): Promise<Credentials> {
  const [merchantKey, wechatpayKey, platformKey] = await Promise.all([rsaPem(), rsaPem(), rsaPem()])
  const identity = createIdentity()
  const validity = { fromMs: nowMs - DAY_MS, toMs: nowMs - DAY_MS + CERTIFICATE_MS }
  const certificate = (pem: string, commonName: string, organization: string): string =>
    selfSigned(privateKeyFrom(pem, commonName), { commonName, organization, ...validity })
  return {
    identity,
    merchantKey,
    merchantCertificate: certificate(merchantKey, identity.mchid, 'Verdict simulated merchant'),
    wechatpayKey,
    platformKey,
    platformCertificate: certificate(platformKey, 'Simulated WeChat Pay', 'Verdict simulator'),
  }
}

const read = new WeakMap<Credentials, Keys>()

/** Read once: a simulation opens one simulator after the other with the same credentials. */
export function keysFrom(credentials: Credentials): Keys {
  const known = read.get(credentials)
  if (known !== undefined) return known
  const keys = readKeys(credentials)
  read.set(credentials, keys)
  return keys
}

function readKeys(credentials: Credentials): Keys {
  const { identity, merchantCertificate, platformCertificate } = credentials
  const platform = new X509Certificate(platformCertificate)
  return {
    identity,
    credentials,
    apiV3Key: apiV3Key(identity.apiV3Key),
    merchantPublicKey: new X509Certificate(merchantCertificate).publicKey,
    serial_no: serialOf(merchantCertificate, 'merchant_cert.pem'),
    wechatpayKey: privateKeyFrom(credentials.wechatpayKey, 'wechatpay_private_key.pem'),
    platformKey: privateKeyFrom(credentials.platformKey, 'wechatpay_platform_key.pem'),
    platformCertificateSerial: serialOf(platformCertificate, 'wechatpay_platform_cert.pem'),
    platformFromMs: Date.parse(platform.validFrom),
    platformToMs: Date.parse(platform.validTo),
  }
}

export function publicPem(privatePem: string): string {
  return createPublicKey(privatePem).export({ type: 'spki', format: 'pem' }).toString()
}

const generate = promisify(generateKeyPair)

async function rsaPem(): Promise<string> {
  const { privateKey } = await generate('rsa', { modulusLength: 2048 })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

function createIdentity(): Identity {
  const mchid = `19${drawn(8, '0123456789')}`
  return {
    mchid,
    appid: appid(),
    sp_mchid: `18${drawn(8, '0123456789')}`,
    sp_appid: appid(),
    sub_mchid: `17${drawn(8, '0123456789')}`,
    sub_appid: appid(),
    apiV3Key: drawn(32, 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'),
    wechatpayPublicKeyId: `PUB_KEY_ID_01${mchid}${drawn(18, '0123456789')}`,
  }
}

const appid = (): string => `wx${drawn(16, '0123456789abcdef')}`

function drawn(length: number, alphabet: string): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('')
}
