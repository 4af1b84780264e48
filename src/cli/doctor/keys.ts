import { KeyObject, X509Certificate } from 'node:crypto'
import { VerdictError } from '../../errors.ts'
import type { WechatPayAccount } from '../../gateway/wechatpay/account.ts'
import { openAccount } from '../../gateway/wechatpay/open-account.ts'
import { apiV3Key } from '../../wechatpay/resource.ts'
import { privateKeyFrom, publicKeyFrom } from '../../wechatpay/signing.ts'
import { type Finding, fail, messageOf, ok, validity } from './finding.ts'

const PLATFORM = 'on the merchant platform, under Account Center > API Security'
const RENEW_OURS = `renew the API certificate ${PLATFORM}, and put its key and its serial number here`
const RENEW_THEIRS = 'set certificates to "download", or change to WeChat Pay\'s public key'

/** What the account's keys tell by themselves, without asking anybody. */
export function examineKeys(account: WechatPayAccount, nowMs: number): readonly Finding[] {
  const key = merchantKeyOf(account)
  const findings = [
    key instanceof KeyObject
      ? ok('merchant key', `RSA of ${key.asymmetricKeyDetails?.modulusLength} bits`)
      : key,
    ...examineCertificate(account, key instanceof KeyObject ? key : null, nowMs),
    examineApiV3Key(account),
    ...examinePlatformKeys(account, nowMs),
  ]
  const rest = findings.some(({ level }) => level === 'fail') ? null : examineRest(account)
  return rest === null ? findings : [...findings, rest]
}

function merchantKeyOf({ merchantPrivateKey: given }: WechatPayAccount): KeyObject | Finding {
  if (given instanceof KeyObject) return given
  try {
    return privateKeyFrom(given, 'merchantPrivateKey')
  } catch (error) {
    return fail(
      'merchant key',
      messageOf(error),
      'use the apiclient_key.pem that belongs to the API certificate',
    )
  }
}

function examineCertificate(
  { merchantCertificate, serial_no }: WechatPayAccount,
  key: KeyObject | null,
  nowMs: number,
): readonly Finding[] {
  const check = 'merchant certificate'
  if (merchantCertificate === undefined) {
    return [ok(check, 'not given: the signed query below shows whether serial_no is right')]
  }
  const certificate = certificateFrom(merchantCertificate)
  if (certificate === null) {
    return [fail(check, 'merchantCertificate is no PEM certificate', 'use apiclient_cert.pem')]
  }
  const serial = certificate.serialNumber.toUpperCase()
  const findings = [validity(check, 'it', { ...timesOf(certificate), nowMs }, RENEW_OURS)]
  if (key !== null && !certificate.checkPrivateKey(key)) {
    findings.push(
      fail(check, 'it belongs to another key than the merchant key', 'use two files of one download'),
    )
  }
  if (serial_no !== undefined && serial_no.toUpperCase() !== serial) {
    findings.push(
      fail('serial_no', `it is ${serial_no}, and the certificate's is ${serial}`, 'leave serial_no out'),
    )
  } else findings.push(ok('serial_no', `${serial}, the certificate's own`))
  return findings
}

function examineApiV3Key({ apiV3Key: given }: WechatPayAccount): Finding {
  try {
    apiV3Key(given)
    return ok('APIv3 key', 'it has 32 bytes')
  } catch (error) {
    return fail('APIv3 key', messageOf(error), `set a key of 32 letters and digits ${PLATFORM}`)
  }
}

function examinePlatformKeys(account: WechatPayAccount, nowMs: number): readonly Finding[] {
  const { wechatpayPublicKey, wechatpayPublicKeyId, certificates } = account
  const findings: Finding[] = []
  if (wechatpayPublicKey !== undefined)
    findings.push(examinePublicKey(wechatpayPublicKey, wechatpayPublicKeyId))
  if (typeof certificates !== 'object') return findings
  for (const pem of certificates) {
    const certificate = certificateFrom(pem)
    findings.push(
      certificate === null
        ? fail('platform certificate', 'it is no PEM certificate', RENEW_THEIRS)
        : validity(
            'platform certificate',
            certificate.serialNumber.toUpperCase(),
            { ...timesOf(certificate), nowMs },
            RENEW_THEIRS,
          ),
    )
  }
  return findings
}

function examinePublicKey(pem: string, id: string | undefined): Finding {
  const check = "WeChat Pay's public key"
  try {
    const key = publicKeyFrom(pem, 'wechatpayPublicKey')
    return ok(check, `RSA of ${key.asymmetricKeyDetails?.modulusLength} bits, ${id}; it doesn't expire`)
  } catch (error) {
    return fail(check, messageOf(error), `download it ${PLATFORM}`)
  }
}

/** Whatever else is wrong with the account, and was not told yet. */
function examineRest(account: WechatPayAccount): Finding | null {
  try {
    openAccount(account)
    return null
  } catch (error) {
    if (!(error instanceof VerdictError)) throw error
    return fail('account', error.message, 'set it right in the configuration')
  }
}

function certificateFrom(pem: string): X509Certificate | null {
  try {
    return new X509Certificate(pem)
  } catch {
    return null
  }
}

function timesOf({ validFrom, validTo }: X509Certificate): { fromMs: number; toMs: number } {
  return { fromMs: Date.parse(validFrom), toMs: Date.parse(validTo) }
}
