import { createCipheriv, generateKeyPairSync, type KeyObject, randomBytes, sign, verify } from 'node:crypto'

/** A key that signs replies, and the name that goes into `Wechatpay-Serial`. */
export interface Stamp {
  readonly serial: string
  readonly secret: KeyObject
  readonly open: KeyObject
  /** PEM: a certificate, or the bare public key. */
  readonly pem: string
}

export function rsa(): { secret: KeyObject; open: KeyObject } {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { secret: privateKey, open: publicKey }
}

export function publicKeyStamp(id: string): Stamp {
  const { secret, open } = rsa()
  return { serial: id, secret, open, pem: open.export({ type: 'spki', format: 'pem' }).toString() }
}

/** A self-signed X.509 certificate: WeChat Pay's platform certificates are checked by serial number alone. */
export function certificateStamp(nowMs: number): Stamp {
  const { secret, open } = rsa()
  const number = Buffer.concat([Buffer.from([0x4b]), randomBytes(19)])
  const algorithm = seq(oid('2a864886f70d01010b'), der(0x05))
  const name = seq(der(0x31, seq(oid('550403'), der(0x0c, Buffer.from('other wechat pay')))))
  const year = 365 * 86_400_000
  const body = seq(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, number),
    algorithm,
    name,
    seq(time(nowMs - year), time(nowMs + 4 * year)),
    name,
    open.export({ type: 'spki', format: 'der' }),
  )
  const signature = der(0x03, Buffer.concat([Buffer.from([0]), sign('RSA-SHA256', body, secret)]))
  const base64 = seq(body, algorithm, signature).toString('base64').replace(/.{64}/g, '$&\n').trimEnd()
  const pem = `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`
  return { serial: number.toString('hex').toUpperCase(), secret, open, pem }
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const size = content.length
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 255]
  return Buffer.concat([Buffer.from([tag, ...length]), content])
}

function seq(...parts: readonly Buffer[]): Buffer {
  return der(0x30, ...parts)
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'))
}

function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '')
  return der(0x17, Buffer.from(text.slice(2)))
}

export interface Signed {
  readonly serial: string
  readonly timestamp: string
  readonly nonce: string
  readonly signature: string
}

export function stamped(stamp: Stamp, body: Buffer | string, nowMs: number): Signed {
  const timestamp = String(Math.floor(nowMs / 1000))
  const nonce = randomBytes(8).toString('base64url')
  const text = Buffer.concat([Buffer.from(`${timestamp}\n${nonce}\n`), Buffer.from(body), Buffer.from('\n')])
  return {
    serial: stamp.serial,
    timestamp,
    nonce,
    signature: sign('RSA-SHA256', text, stamp.secret).toString('base64'),
  }
}

/** The same check as a stranger makes it years later, with the key and the stored text. */
export function holds(stamp: Stamp, { timestamp, nonce, signature }: Signed, body: string): boolean {
  const text = Buffer.from(`${timestamp}\n${nonce}\n${body}\n`)
  return verify('RSA-SHA256', text, stamp.open, Buffer.from(signature, 'base64'))
}

/** One row of the certificate list. */
export function sealed(stamp: Stamp, apiV3Key: string, effectiveMs: number, expireMs: number): object {
  const nonce = randomBytes(6).toString('hex')
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(apiV3Key), Buffer.from(nonce))
  cipher.setAAD(Buffer.from('certificate'))
  const secret = Buffer.concat([cipher.update(stamp.pem), cipher.final(), cipher.getAuthTag()])
  return {
    serial_no: stamp.serial,
    effective_time: new Date(effectiveMs).toISOString().replace(/\.\d+Z/, '+00:00'),
    expire_time: new Date(expireMs).toISOString(),
    encrypt_certificate: {
      algorithm: 'AEAD_AES_256_GCM',
      associated_data: 'certificate',
      nonce,
      ciphertext: secret.toString('base64'),
    },
  }
}
