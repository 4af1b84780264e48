import type { KeyObject } from 'node:crypto'
import { signInPool, signMessage } from '../../wechatpay/signing.ts'

/** Makes the merchant's signatures, Base64. A simulation may replace it by something cheaper. */
export interface Signer {
  /** On the poll path: doesn't block. */
  sign(message: string): Promise<string>
  /** For the rare signature that is wanted at once; may block for some 0.3 ms. */
  signNow(message: string): string
}

/** Signs on the thread pool, with the one `KeyObject` reused: reading a PEM text each time costs 3.5 times as much. */
export function poolSigner(key: KeyObject): Signer {
  return {
    sign: (message) => signInPool(key, message),
    signNow: (message) => signMessage(key, message),
  }
}
