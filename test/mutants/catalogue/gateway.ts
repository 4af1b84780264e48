import type { Mutant } from '../mutant.ts'

const CALLS = 'src/gateway/wechatpay/calls.ts'
const OUTCOME = 'src/gateway/wechatpay/outcome.ts'
const SIGNATURE = 'src/wechatpay/reply-signature.ts'

/** Replies that prove nothing and are believed, and calls that leave twice. */
export const GATEWAY: readonly Mutant[] = [
  {
    name: 'signature-not-checked',
    breaks: 'design 3.1, guide 2.2',
    says: 'A reply or callback is believed whatever its signature.',
    edits: [
      {
        file: SIGNATURE,
        find: 'if (!verify(key, replyMessageBytes(timestamp, nonce, body), signature)) return FORGED',
        replace: '',
      },
    ],
  },
  {
    name: 'unknown-serial-believed',
    breaks: 'design 3.1',
    says: "What bears the serial of a key that we don't have is held against the one that we have.",
    edits: [
      {
        file: 'src/gateway/wechatpay/platform-keys.ts',
        find: 'if (serial === publicKey?.serial) return publicKey.key',
        replace: "if (publicKey !== null && serial.startsWith('PUB_KEY_ID_')) return publicKey.key",
      },
    ],
  },
  {
    name: 'stale-signature-believed',
    breaks: 'design 3.2',
    says: 'What was signed more than 300 s ago is believed.',
    edits: [
      {
        file: SIGNATURE,
        find: 'return Math.abs(aheadMs) >= CLOCK_SKEW_MS_MAX',
        replace: 'return aheadMs >= CLOCK_SKEW_MS_MAX',
      },
    ],
  },
  {
    name: 'query-timeout-is-a-denial',
    breaks: 'design 3.2',
    says: 'A query that is not answered in time is reported as "no such order".',
    edits: [
      {
        file: OUTCOME,
        find: "return { kind: 'no-answer', reason, sent, detail:",
        replace: `if (reason === 'timeout' && /^GET .*\\/transactions\\//.test(request))
    return { kind: 'refusal', code: 'ORDER_NOT_EXIST', status: 404, message: detail, evidence: null }
  return { kind: 'no-answer', reason, sent, detail:`,
      },
    ],
  },
  {
    name: 'timeout-was-never-sent',
    breaks: 'design 2, 3.2',
    says: 'A call that is not answered in time is reported as never sent, so that an open revoke is forgotten.',
    edits: [
      {
        file: OUTCOME,
        find: "return { kind: 'no-answer', reason, sent, detail:",
        replace: "return { kind: 'no-answer', reason, sent: sent && reason !== 'timeout', detail:",
      },
    ],
  },
  {
    name: 'quick-pay-on-backup-host',
    breaks: 'design 2',
    says: 'A call that failed goes to the other host, though it may have left.',
    edits: [
      {
        file: CALLS,
        find: "const mayRepeat = result.kind === 'failure' && result.reason === 'unreachable' && !result.sent",
        replace: "const mayRepeat = result.kind === 'failure'",
      },
    ],
  },
  {
    name: 'reset-call-repeated',
    breaks: 'design 2',
    says: 'A call whose connection broke is sent again to the same host.',
    edits: [
      {
        file: CALLS,
        find: 'return mayRepeat && account.origins.length === 2 ? this.#sendTo(1 - first, request) : result',
        replace: `if (result.kind === 'failure' && result.reason === 'reset') return this.#sendTo(first, request)
    return mayRepeat && account.origins.length === 2 ? this.#sendTo(1 - first, request) : result`,
      },
    ],
  },
  {
    name: 'evidence-with-our-time',
    breaks: 'design 3.1',
    says: 'Evidence keeps the moment at which it came, not the one that was signed.',
    edits: [
      {
        file: 'src/wechatpay/evidence.ts',
        find: 'const { serial, timestamp, nonce, signature } = signed',
        replace: `const { serial, nonce, signature } = signed
  const timestamp = String(Math.floor(receivedAtMs / 1000))`,
      },
    ],
  },
]
