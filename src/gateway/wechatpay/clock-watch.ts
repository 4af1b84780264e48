import type { Verification } from '../../wechatpay/reply-signature.ts'

/** So far two clocks may be apart before somebody is told: long before 300 s, where every answer counts as forged. */
export const CLOCKS_APART_MS = 60_000
/** Told again after this long. */
const AGAIN_MS = 3_600_000

/** Holds our clock against WeChat Pay's, which stands in the signed timestamp of each reply (design 3.10). */
export class ClockWatch {
  readonly #tell: (aheadMs: number) => void
  #toldAtMs = Number.NEGATIVE_INFINITY

  /** @param tell hears by how much WeChat Pay's clock is ahead of ours; negative if ours is */
  constructor(tell: (aheadMs: number) => void) {
    this.#tell = tell
  }

  /** @param askedAtMs when the question left: the reply was signed between then and now */
  see(verification: Verification, { askedAtMs, nowMs }: { askedAtMs: number; nowMs: number }): void {
    const signedAtMs = signedAt(verification, nowMs)
    if (signedAtMs === null) return
    const aheadMs = signedAtMs > nowMs ? signedAtMs - nowMs : Math.min(0, signedAtMs + 1_000 - askedAtMs)
    if (Math.abs(aheadMs) <= CLOCKS_APART_MS || nowMs - this.#toldAtMs < AGAIN_MS) return
    this.#toldAtMs = nowMs
    this.#tell(aheadMs)
  }
}

/** Only what is WeChat Pay's own: anybody could write another time into a reply. */
function signedAt(verification: Verification, nowMs: number): number | null {
  if (verification.kind === 'verified') return Number(verification.signed.timestamp) * 1_000
  return verification.kind === 'stale' ? nowMs + verification.aheadMs : null
}
