import type { Ledger } from '../durable.ts'
import type { Keys } from '../keys.ts'
import type { Caller } from './authenticate.ts'
import type { WireRequest } from './exchange.ts'
import type { ReplyKey } from './sign-reply.ts'

/**
 * Which of WeChat Pay's keys the merchants have. `as-asked`: both, as during a change-over. `public-key`: no platform
 * certificate, as new merchants. `certificate`: no public key yet, and to ask for it has no effect.
 */
export type ReplyKeySetting = 'as-asked' | 'public-key' | 'certificate'

export interface ReplyKeys {
  readonly hasCertificate: boolean
  /** This client downloaded the certificate. */
  downloaded(caller: Caller): void
  /** @param isDownload the request is for the certificate: a client that has nothing else checks with it */
  keyFor(request: WireRequest, caller: Caller, isDownload: boolean): ReplyKey
}

export function openReplyKeys(ledger: Ledger, keys: Keys, setting: ReplyKeySetting): ReplyKeys {
  // Clients that fetched the platform certificates: without a Wechatpay-Serial they're answered with the certificate.
  const downloads = ledger.map<true>('certificate_downloads')
  const clientOf = ({ mchid, userAgent }: Caller): string => `${mchid} ${userAgent}`
  const hasCertificate = setting !== 'public-key'

  return {
    hasCertificate,
    downloaded(caller) {
      if (hasCertificate) downloads.set(clientOf(caller), true)
    },
    keyFor({ headers }, caller, isDownload) {
      if (setting !== 'as-asked') return setting === 'certificate' ? 'certificate' : 'public_key'
      const asked = headers['wechatpay-serial']
      if (asked === keys.identity.wechatpayPublicKeyId) return 'public_key'
      if (asked?.toUpperCase() === keys.platformCertificateSerial) return 'certificate'
      return isDownload || downloads.has(clientOf(caller)) ? 'certificate' : 'public_key'
    },
  }
}
