import type { Evidence } from '../api/types.ts'
import { partsWords } from './words.ts'

/** What WeChat Pay's signature covers, with what it takes to check it; shown to whoever wants it. */
export function SignedBytes({ of: piece }: { readonly of: Evidence }) {
  return (
    <details>
      <summary class="small">{partsWords.value.signedBytes}</summary>
      <pre class="small signed">
        {`${piece.request}\nWechatpay-Serial: ${piece.serial}\nWechatpay-Timestamp: ${piece.timestamp}\nWechatpay-Nonce: ${piece.nonce}\nWechatpay-Signature: ${piece.signature}\n\n${piece.body}`}
      </pre>
    </details>
  )
}
