import { describe, expect, it } from 'vitest'
import { checkPlacement } from '../../src/core/placement.ts'
import { compilePlan } from '../../src/core/plan.ts'
import { VerdictError } from '../../src/errors.ts'
import { globalV3Gateway } from '../../src/gateway/wechatpay/global-v3.ts'
import { openAccount } from '../../src/gateway/wechatpay/open-account.ts'
import { type Failure, fuzz } from './fuzz.ts'
import { NUMBER, TOTAL } from './paid.ts'
import type { Target } from './target.ts'
import { answersTarget } from './targets/answers.ts'
import { callbackTarget } from './targets/callback.ts'
import { certificatesTarget } from './targets/certificates.ts'
import { configurationTarget } from './targets/configuration.ts'
import { doorTarget } from './targets/door.ts'
import { engineTarget } from './targets/engine.ts'
import { evidenceTarget } from './targets/evidence.ts'
import { policyTarget } from './targets/policy.ts'
import { rowsTarget } from './targets/rows.ts'
import { simulatorTarget } from './targets/simulator.ts'
import { wireTarget } from './targets/wire.ts'
import { wishesTarget } from './targets/wishes.ts'
import { COMMON, NO_SIGNER, STILL } from './wechat-pay.ts'

/* Each target with a part that does what it must not do: within a few thousand cases somebody notices. */

const CASES = 4_000
const RECEIVED = { status: 204, body: '' } as const
const credulous = { clock: STILL, signer: NO_SIGNER, nonces: () => 'n', verifySignature: () => true } as const

async function failureOf(target: Target): Promise<Failure | null> {
  const { failure } = await fuzz(target, { seed: 1, cases: CASES })
  return failure
}

const { wechatpayPublicKey: _, wechatpayPublicKeyId: __, ...withoutKey } = COMMON

const TWINS: ReadonlyArray<readonly [what: string, twin: Target, sentence: RegExp]> = [
  [
    'a receiver that answers before it verifies',
    callbackTarget({ receive: () => async () => RECEIVED }),
    /^Wrong: 204 for a message that WeChat Pay did not sign/,
  ],
  [
    'a verifier that believes every callback',
    callbackTarget({
      gateway: (account) => globalV3Gateway({ account, ...credulous, transport: async () => LOST }),
    }),
    /^Wrong: \d+ for a message that WeChat Pay did not sign/,
  ],
  [
    'a receiver that tells strangers what went wrong',
    callbackTarget({ receive: (real) => async (callback) => ({ ...(await real(callback)), status: 418 }) }),
    /^Wrong: status 418 is none/,
  ],
  [
    'a whole Verdict that answers before it verifies',
    engineTarget({ receive: () => async () => RECEIVED }),
    /^Wrong: received is answered to what WeChat Pay did not sign/,
  ],
  [
    'a verifier that believes every reply',
    answersTarget({
      open: (account, transport) => globalV3Gateway({ account, ...credulous, transport }),
    }),
    /^Wrong: (answer|refusal) for a reply that WeChat Pay did not sign/,
  ],
  [
    'a parser that believes unsigned replies',
    answersTarget({
      open: (account, transport) =>
        globalV3Gateway({ account, ...credulous, transport: async () => signedByAnybody(await transport()) }),
    }),
    /^Wrong: (answer|refusal) for a reply that WeChat Pay did not sign/,
  ],
  [
    'a verifier that believes every list of certificates',
    certificatesTarget({
      open: (transport, onKey) =>
        globalV3Gateway({
          account: { ...withoutKey, certificates: 'download' },
          ...credulous,
          transport,
          onKey,
        }),
    }),
    /^Wrong: a key out of a list that WeChat Pay did not sign/,
  ],
  [
    'a plan that stands still',
    policyTarget({
      compile: (kind, policy) => ({ ...compilePlan(kind, policy), next: (_, { nowMs }) => nowMs }),
    }),
    /^Wrong: the next query is 0 ms ago/,
  ],
  [
    'a plan that oversleeps the end of the window',
    policyTarget({
      compile: (kind, policy) => ({
        ...compilePlan(kind, policy),
        next: (_, { nowMs }) => nowMs + 2 * 86_400_000,
      }),
    }),
    /^Wrong: the end is overslept/,
  ],
  [
    'a plan whose explanation has no end',
    policyTarget({
      compile: (kind, policy) => {
        const plan = compilePlan(kind, policy)
        return {
          ...plan,
          explain: () => Array.from({ length: 5_000 }, () => ({ atMs: 0, what: '', rule: '' })),
        }
      },
    }),
    /^Wrong: explain gives 5000 lines/,
  ],
  [
    'a check that repeats the payment code',
    wishesTarget({
      check: (placement, account, nowMs) => {
        const auth_code = placement.payer?.auth_code
        if (auth_code !== undefined) throw new VerdictError('ORDER_INVALID', `auth_code is ${auth_code}`)
        return checkPlacement(placement, account, nowMs)
      },
    }),
    /^Wrong: a secret stands in the sentence of ORDER_INVALID/,
  ],
  ['a check that lets everything pass', wishesTarget({ check: () => [] }), /^(Wrong|TypeError|SyntaxError)/],
  [
    'an account that repeats its APIv3 key',
    configurationTarget({
      open: (account) => {
        if (account.connectTimeoutMs === 3_000)
          throw new VerdictError('KEY_INVALID', `it is ${account.apiV3Key}`)
        return openAccount(account)
      },
    }),
    /^Wrong: a secret stands in the sentence of KEY_INVALID/,
  ],
  [
    'an account that is read without being looked at',
    configurationTarget({ open: (account) => account.apiV3Key.trim() }),
    /^TypeError/,
  ],
  [
    'a simulator that believes every caller',
    simulatorTarget({ believes: () => true }),
    /^Wrong: a request that is not signed is answered/,
  ],
  [
    'a proof that always holds',
    evidenceTarget({ prove: () => ({ holds: true, because: 'so it is' }) }),
    /^Wrong: it holds, and a statement is not what was signed/,
  ],
  [
    'a reader of rows that trusts them',
    rowsTarget((_, cells) => ({ account: String(cells[1]).slice(1), seen: (cells[5] as string).length })),
    /^TypeError/,
  ],
  [
    'a verifier that believes every reply and callback from a socket',
    wireTarget({ verifySignature: () => true }),
    /^Wrong: (.* did not sign|a callback that WeChat Pay did not sign reached the desk)/,
  ],
  [
    'a door that hands on whatever comes',
    doorTarget({
      listen: (answer) => (request, response) => {
        const chunks: Buffer[] = []
        request.on('data', (chunk: Buffer) => chunks.push(chunk))
        request.on('close', () => {
          const callback = { headers: request.rawHeaders, body: Buffer.concat(chunks) }
          void answer(callback).then(({ status, body }) => {
            response.statusCode = status
            response.end(body)
          })
        })
      },
    }),
    /^Wrong: handed on, and no fit callback/,
  ],
]

const LOST = { kind: 'failure', reason: 'reset', sent: true, detail: 'lost' } as const

/** A reply with the headers that a signature would have. */
function signedByAnybody<Result>(result: Result): Result {
  if (typeof result !== 'object' || result === null || !('headers' in result)) return result
  const headers = {
    'wechatpay-serial': COMMON.wechatpayPublicKeyId,
    'wechatpay-timestamp': String(STILL.nowMs() / 1_000),
    'wechatpay-nonce': 'n',
    'wechatpay-signature': 'c2lnbmVk',
  }
  return { ...result, headers }
}

describe('the fuzzing notices', () => {
  it.each(TWINS)('%s', async (_, twin, sentence) => {
    expect((await failureOf(twin))?.sentence).toMatch(sentence)
  })

  it('that a callback about another order, or another amount, pays this one', async () => {
    // The judge itself: what says so, and what does not.
    const { saysPaid } = await import('./paid.ts')
    const said = {
      mchid: COMMON.mchid,
      out_trade_no: NUMBER,
      trade_state: 'SUCCESS',
      amount: { total: TOTAL, currency: 'HKD' },
    }
    expect(saysPaid(JSON.stringify(said), 'common')).toBe(true)
    for (const other of [
      { out_trade_no: 'A43' },
      { mchid: '1' },
      { trade_state: 'NOTPAY' },
      { amount: { total: 1, currency: 'HKD' } },
    ]) {
      expect(saysPaid(JSON.stringify({ ...said, ...other }), 'common')).toBe(false)
    }
  })
})
