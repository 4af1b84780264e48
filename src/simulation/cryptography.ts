import { createPublicKey, hash, type KeyObject } from 'node:crypto'
import type { Signer } from '../gateway/wechatpay/signer.ts'
import type { SimulatorSettings } from '../simulator/index.ts'
import { type Credentials, keysFrom } from '../simulator/keys.ts'
import { privateKeyFrom, signMessage, type VerifySignature, verifyMessage } from '../wechatpay/signing.ts'

/** Both sides' signatures: the merchant's and WeChat Pay's, made and judged in the same way. */
export interface Cryptography {
  /** Instant: a thread pool knows no virtual clock. */
  readonly merchant: Signer
  readonly wechatPay: NonNullable<SimulatorSettings['cryptography']>
  /** For whoever holds WeChat Pay's public keys. */
  readonly verify: VerifySignature
}

/** A keyed MAC in the place of each RSA key: a hundredth of the cost, and as sensitive to every changed byte. */
export function macCryptography(credentials: Credentials): Cryptography {
  const merchantKey = secretOf(createPublicKey(credentials.merchantCertificate))
  const wechatPayKeys = {
    public_key: secretOf(createPublicKey(credentials.wechatpayKey)),
    certificate: secretOf(createPublicKey(credentials.platformCertificate)),
  }
  const merchant = (message: string): string => mac(merchantKey, message)
  return {
    merchant: { sign: async (message) => merchant(message), signNow: merchant },
    wechatPay: {
      sign: async (key, message) => mac(wechatPayKeys[key], message),
      verifyCaller: (message, signature) => signature === merchant(message),
    },
    verify: (key, message, signature) => signature === mac(secretOf(key), message),
  }
}

/** The real thing, 300 times as dear. */
export function rsaCryptography(credentials: Credentials): Cryptography {
  const keys = keysFrom(credentials)
  const key = privateKeyFrom(credentials.merchantKey, 'the merchant key')
  const merchant = (message: string): string => signMessage(key, message)
  return {
    merchant: { sign: async (message) => merchant(message), signNow: merchant },
    wechatPay: {
      sign: async (which, message) =>
        signMessage(which === 'public_key' ? keys.wechatpayKey : keys.platformKey, message),
      verifyCaller: (message, signature) => verifyMessage(keys.merchantPublicKey, message, signature),
    },
    verify: verifyMessage,
  }
}

const secrets = new WeakMap<KeyObject, string>()

/** Whoever knows the public key could forge it; here nobody does, and what is forged is forged in the message. */
function secretOf(publicKey: KeyObject): string {
  const known = secrets.get(publicKey)
  if (known !== undefined) return known
  const secret = hash('sha256', publicKey.export({ type: 'spki', format: 'der' }))
  secrets.set(publicKey, secret)
  return secret
}

function mac(secret: string, message: string | Uint8Array): string {
  if (typeof message !== 'string') {
    return hash('sha256', Buffer.concat([Buffer.from(secret), message]), 'base64')
  }
  const text = secret + message
  const known = latest.get(text)
  if (known !== undefined) return known
  if (latest.size === LATEST_MAX) latest.clear()
  const made = hash('sha256', text, 'base64')
  latest.set(text, made)
  return made
}

/** What one signs, others verify soon. */
const latest = new Map<string, string>()
const LATEST_MAX = 500
