import { type KeyObject, X509Certificate } from 'node:crypto'
import { asJsonObject, jsonObjectFrom } from '../../wechatpay/json.ts'
import { knownSerial } from '../../wechatpay/reply-signature.ts'
import { decryptResource, encryptedResourceFrom } from '../../wechatpay/resource.ts'

/** One of the certificates with which WeChat Pay signs; two are in use while one follows the other. */
export interface PlatformCertificate {
  /** As `knownSerial` has it. */
  readonly serial: string
  /** The same as the certificate itself has it. */
  readonly writtenSerial: string
  readonly key: KeyObject
  readonly effectiveAtMs: number
  readonly expiresAtMs: number
}

export function platformCertificate(
  certificate: X509Certificate,
  key: KeyObject = certificate.publicKey,
): PlatformCertificate {
  return {
    serial: knownSerial(certificate.serialNumber),
    writtenSerial: certificate.serialNumber.toUpperCase(),
    key,
    effectiveAtMs: Date.parse(certificate.validFrom),
    expiresAtMs: Date.parse(certificate.validTo),
  }
}

/**
 * The certificates in an answer of `GET /v3/global/certificates`. Whoever made it knows the APIv3 key, for without it
 * no entry decrypts. The list's own times count where they are stricter: WeChat Pay brings an expiry forward there.
 *
 * An entry that is not what it says it is, or of another sort than RSA, is passed over: the others still sign.
 *
 * @returns null if the body is no such list, or none of its entries is of use
 */
export function certificatesFrom(body: string, apiV3Key: KeyObject): readonly PlatformCertificate[] | null {
  const data = jsonObjectFrom(body)?.data
  if (!Array.isArray(data)) return null
  const certificates: PlatformCertificate[] = []
  for (const entry of data) {
    const certificate = certificateFrom(entry, apiV3Key)
    if (certificate !== null) certificates.push(certificate)
  }
  return certificates.length === 0 && data.length > 0 ? null : certificates
}

function certificateFrom(entry: unknown, apiV3Key: KeyObject): PlatformCertificate | null {
  const fields = asJsonObject(entry)
  const resource = encryptedResourceFrom(fields?.encrypt_certificate)
  const pem = resource === null ? null : decryptResource(apiV3Key, resource)
  const certificate = pem === null ? null : x509From(pem)
  if (fields === null || certificate === null || certificate.key.asymmetricKeyType !== 'rsa') return null
  if (typeof fields.serial_no !== 'string' || knownSerial(fields.serial_no) !== certificate.serial)
    return null
  const { effectiveAtMs, expiresAtMs } = certificate
  return {
    ...certificate,
    effectiveAtMs: Math.max(effectiveAtMs, momentOf(fields.effective_time, effectiveAtMs)),
    expiresAtMs: Math.min(expiresAtMs, momentOf(fields.expire_time, expiresAtMs)),
  }
}

function x509From(pem: string): PlatformCertificate | null {
  try {
    return platformCertificate(new X509Certificate(pem))
  } catch {
    return null
  }
}

function momentOf(value: unknown, otherwiseMs: number): number {
  const atMs = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isNaN(atMs) ? otherwiseMs : atMs
}
