import { createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto'
import { bitString, explicit0, integer, nothing, oid, sequence, set, time, utf8 } from './der.ts'

export interface CertificateFacts {
  readonly commonName: string
  readonly organization: string
  readonly fromMs: number
  readonly toMs: number
}

const SHA256_WITH_RSA = '1.2.840.113549.1.1.11'
const ORGANIZATION = '2.5.4.10'
const COMMON_NAME = '2.5.4.3'
const SERIAL_BYTES = 20

/** A self-signed X.509 certificate (RFC 5280) as PEM: node:crypto reads certificates, but can't write them. */
export function selfSigned(privateKey: KeyObject, facts: CertificateFacts): string {
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  const algorithm = sequence(oid(SHA256_WITH_RSA), nothing())
  const subject = sequence(name(ORGANIZATION, facts.organization), name(COMMON_NAME, facts.commonName))
  const certificate = sequence(
    explicit0(integer(Buffer.of(2))), // version 3
    integer(serial()),
    algorithm,
    subject, // the issuer
    sequence(time(facts.fromMs), time(facts.toMs)),
    subject,
    publicKey,
  )
  const signature = sign('RSA-SHA256', certificate, privateKey)
  return pem(sequence(certificate, algorithm, bitString(signature)))
}

function name(type: string, value: string): Buffer {
  return set(sequence(oid(type), utf8(value)))
}

/** 40 hex digits, as WeChat Pay's serial numbers have: the first byte is neither 0 nor makes the number negative. */
function serial(): Buffer {
  const bytes = randomBytes(SERIAL_BYTES)
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return bytes
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
