import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import { commonAccount, failure, scripted, signedReply, stranger } from '../../../test/support/wechatpay.ts'
import type { Outcome } from '../../core/outcome.ts'
import { checkEvidence } from '../../wechatpay/evidence.ts'
import { type GlobalV3Gateway, globalV3Gateway } from './global-v3.ts'
import type { HttpReply, HttpResult } from './transport.ts'

const ORDER = { account: '1900000001', sub_mchid: null, out_trade_no: 'A42' }
const PAID = JSON.stringify({
  mchid: '1900000001',
  out_trade_no: 'A42',
  id: '4200000042',
  trade_state: 'SUCCESS',
  trade_state_desc: '支付成功',
  amount: { total: 100, currency: 'HKD' },
})
const UNKNOWN = '{"code":"ORDER_NOT_EXIST","message":"订单不存在"}'
const clock = new VirtualClock()
const nowMs = clock.nowMs()

/** What becomes of a signed reply on its way to us. */
const SIGNATURES = {
  signed: (reply: HttpReply) => reply,
  unsigned: ({ status, body }: HttpReply): HttpReply => ({ kind: 'reply', status, headers: {}, body }),
  probe: (reply: HttpReply) =>
    withHeader(reply, 'wechatpay-signature', `WECHATPAY/SIGNTEST/${'A'.repeat(325)}`),
  changed: (reply: HttpReply) => ({
    ...reply,
    body: Buffer.concat([reply.body ?? Buffer.of(), Buffer.of(32)]),
  }),
  stale: ({ status, body }: HttpReply) => signedReply({ status, body: body ?? '', nowMs: nowMs - 300_000 }),
  strange: (reply: HttpReply) => withHeader(reply, 'wechatpay-serial', 'ABCDEF'),
} as const satisfies Record<string, (reply: HttpReply) => HttpReply>

function withHeader(reply: HttpReply, name: string, value: string): HttpReply {
  return { ...reply, headers: { ...reply.headers, [name]: value } }
}

const CALLS = {
  query: (gateway: GlobalV3Gateway) => gateway.query(ORDER),
  close: (gateway: GlobalV3Gateway) => gateway.close(ORDER, nowMs),
  reverse: (gateway: GlobalV3Gateway) => gateway.reverse(ORDER, nowMs),
  refund: (gateway: GlobalV3Gateway) => gateway.refund({ ...ORDER, body: '{}', signedAtMs: nowMs }),
  queryRefund: (gateway: GlobalV3Gateway) => gateway.queryRefund(ORDER, 'R1'),
  queryRefunds: (gateway: GlobalV3Gateway) => gateway.queryRefunds(ORDER, null, { offset: 0, count: 50 }),
} as const satisfies Record<string, (gateway: GlobalV3Gateway) => Promise<Outcome<unknown>>>

async function ask(result: HttpResult, call: keyof typeof CALLS = 'query') {
  const gateway = globalV3Gateway({ account: commonAccount(), clock, transport: scripted(() => result) })
  const outcome: Outcome<unknown> = await CALLS[call](gateway)
  return outcome
}

function inShort(outcome: Outcome<unknown>): string {
  if (outcome.kind === 'answer') return 'answer'
  if (outcome.kind === 'refusal') return `refusal ${outcome.code}`
  return outcome.claims === undefined ? outcome.reason : `${outcome.reason}, claims ${outcome.claims}`
}

type Row = readonly [
  status: number,
  body: string,
  expected: { readonly [Case in keyof typeof SIGNATURES]: string },
]

const everywhere = (outcome: string): Row[2] => ({
  signed: outcome,
  unsigned: outcome,
  probe: outcome,
  changed: outcome,
  stale: outcome,
  strange: outcome,
})

const onlySigned = (outcome: string, claims = ''): Row[2] => ({
  signed: outcome,
  unsigned: `unsigned${claims}`,
  probe: `forged${claims}`,
  changed: `forged${claims}`,
  stale: `stale${claims}`,
  strange: `unknown-key${claims}`,
})

const QUERY_TABLE: readonly Row[] = [
  [200, PAID, onlySigned('answer')],
  [200, `\uFEFF${PAID}`, onlySigned('answer')],
  [200, '{"trade_state":"SOMETHING_NEW"}', onlySigned('answer')],
  [200, '{"out_trade_no":"A42"}', onlySigned('unreadable')],
  [200, '[{"trade_state":"SUCCESS"}]', onlySigned('unreadable')],
  [200, '{"trade_state":"SUC', onlySigned('unreadable')],
  [200, '', onlySigned('unreadable')],
  [204, '', onlySigned('unreadable')],
  [201, PAID, onlySigned('unreadable')],
  [202, '{"code":"USERPAYING","message":"x"}', everywhere('server-error, claims USERPAYING')],
  [302, '', onlySigned('unreadable')],
  [400, '{"code":"PARAM_ERROR","message":"x"}', onlySigned('refusal PARAM_ERROR', ', claims PARAM_ERROR')],
  [401, '{"code":"SIGN_ERROR","message":"x"}', everywhere('key-refused, claims SIGN_ERROR')],
  [403, '{"code":"NO_AUTH"}', onlySigned('refusal NO_AUTH', ', claims NO_AUTH')],
  [404, UNKNOWN, onlySigned('refusal ORDER_NOT_EXIST', ', claims ORDER_NOT_EXIST')],
  [404, '<html>not here</html>', onlySigned('unreadable')],
  [404, '{"message":"no code"}', onlySigned('unreadable')],
  [404, '{"code":"<script>"}', onlySigned('refusal <script>')],
  [429, '{"code":"RATELIMIT_EXCEEDED"}', everywhere('rate-limited, claims RATELIMIT_EXCEEDED')],
  [500, '{"code":"SYSTEM_ERROR"}', everywhere('server-error, claims SYSTEM_ERROR')],
  [500, PAID, everywhere('server-error')],
  [501, '', everywhere('server-error')],
  [502, '<html>Bad Gateway</html>', everywhere('server-error')],
  [503, '{"code":"SERVICE_UNAVAILABLE"}', everywhere('server-error, claims SERVICE_UNAVAILABLE')],
]

const NAMED_REFUND = '{"out_refund_no":"R1","id":"5000"}'
const REFUNDED = '{"out_refund_no":"R1","id":"5000","status":"SUCCESS"}'
const refused = (code: string) => onlySigned(`refusal ${code}`, `, claims ${code}`)

const REFUND_TABLE: readonly Row[] = [
  [200, NAMED_REFUND, onlySigned('answer')],
  [200, '{"refund_id":"5000","status":"PROCESSING"}', onlySigned('answer')],
  [200, '{"status":"SUCCESS"}', onlySigned('unreadable')],
  [200, '', onlySigned('unreadable')],
  [202, NAMED_REFUND, everywhere('server-error')],
  [204, '', onlySigned('unreadable')],
  [400, '{"code":"PARAM_ERROR","message":"x"}', refused('PARAM_ERROR')],
  [401, '{"code":"SIGN_ERROR","message":"x"}', everywhere('key-refused, claims SIGN_ERROR')],
  [403, '{"code":"NOT_ENOUGH","message":"x"}', refused('NOT_ENOUGH')],
  [403, '{"code":"NO_AUTH"}', refused('NO_AUTH')],
  [404, '{"code":"RESOURCE_NOT_EXISTS"}', refused('RESOURCE_NOT_EXISTS')],
  // Unlike any other call: whether WeChat Pay accepted the refund, nobody knows.
  [429, '{"code":"FREQUENCY_LIMITED"}', everywhere('rate-limited, claims FREQUENCY_LIMITED')],
  [500, '{"code":"SYSTEM_ERROR"}', everywhere('server-error, claims SYSTEM_ERROR')],
  [503, '', everywhere('server-error')],
]

const REFUND_QUERY_TABLE: readonly Row[] = [
  [200, REFUNDED, onlySigned('answer')],
  [200, '{"out_refund_no":"R1","status":"SOMETHING_NEW"}', onlySigned('answer')],
  [200, NAMED_REFUND, onlySigned('unreadable')],
  [200, '{"status":"SUCCESS"}', onlySigned('unreadable')],
  [404, '{"code":"RESOURCE_NOT_EXISTS"}', refused('RESOURCE_NOT_EXISTS')],
  [429, '{"code":"RATELIMIT_EXCEEDED"}', everywhere('rate-limited, claims RATELIMIT_EXCEEDED')],
  [502, REFUNDED, everywhere('server-error')],
]

const REFUNDS_QUERY_TABLE: readonly Row[] = [
  [200, `{"total_num":1,"data":[${REFUNDED}]}`, onlySigned('answer')],
  [200, '{"total_num":0}', onlySigned('answer')],
  [200, '{"total_num":1}', onlySigned('unreadable')],
  [200, `{"data":[${REFUNDED}]}`, onlySigned('unreadable')],
  [200, REFUNDED, onlySigned('unreadable')],
  [404, '{"code":"RESOURCE_NOT_EXISTS"}', refused('RESOURCE_NOT_EXISTS')],
  [500, '{"total_num":0}', everywhere('server-error')],
]

const TABLES = {
  query: QUERY_TABLE,
  refund: REFUND_TABLE,
  queryRefund: REFUND_QUERY_TABLE,
  queryRefunds: REFUNDS_QUERY_TABLE,
} as const satisfies { readonly [Call in keyof typeof CALLS]?: readonly Row[] }

for (const [name, table] of Object.entries(TABLES)) {
  const call = name as keyof typeof TABLES
  describe(`a reply to ${call}`, () => {
    for (const [status, body, expected] of table) {
      for (const [signature, spoil] of Object.entries(SIGNATURES)) {
        const outcome = expected[signature as keyof typeof SIGNATURES]
        it(`${status} ${body.slice(0, 40)} ${signature}: ${outcome}`, async () => {
          expect(inShort(await ask(spoil(signedReply({ status, body, nowMs })), call))).toBe(outcome)
        })
      }
    }
  })
}

describe('a reply to a close or reverse', () => {
  const table: ReadonlyArray<readonly [number, string, string]> = [
    [204, '', 'answer'],
    [200, '{}', 'answer'],
    [400, '{"code":"ORDERPAID","message":"x"}', 'refusal ORDERPAID'],
    [500, '{"code":"SYSTEM_ERROR"}', 'server-error, claims SYSTEM_ERROR'],
  ]
  for (const call of ['close', 'reverse'] as const) {
    for (const [status, body, expected] of table) {
      it(`${call} ${status}: ${expected}`, async () => {
        expect(inShort(await ask(signedReply({ status, body, nowMs }), call))).toBe(expected)
      })
    }
    it(`${call} 204 without a signature proves nothing`, async () => {
      expect(inShort(await ask(SIGNATURES.unsigned(signedReply({ status: 204, nowMs })), call))).toBe(
        'unsigned',
      )
    })
  }
})

describe('no reply', () => {
  for (const [reason, sent] of [
    ['unreachable', false],
    ['timeout', true],
    ['reset', true],
    ['not-sent', false],
  ] as const) {
    it(`${reason}: no answer, ${sent ? 'may have arrived' : 'never left'}`, async () => {
      const silent = { kind: 'no-answer', reason, sent }
      for (const call of ['query', 'refund', 'queryRefund', 'queryRefunds'] as const) {
        expect(await ask(failure(reason, sent), call)).toMatchObject(silent)
      }
    })
  }
})

it('keeps the verified bytes and the question as evidence, so that anybody can verify it again', async () => {
  const outcome = await ask(signedReply({ status: 200, body: PAID, nowMs }))
  if (outcome.kind !== 'answer') throw new Error(inShort(outcome))
  expect(outcome.value).toMatchObject({ trade_state: 'SUCCESS', transaction_id: '4200000042' })
  const { evidence } = outcome
  expect(evidence).toMatchObject({
    source: 'reply',
    request: 'GET /v3/global/transactions/out-trade-no/A42?mchid=1900000001',
    status: 200,
    body: PAID,
    receivedAtMs: nowMs,
  })
  expect(checkEvidence(evidence, commonAccount().wechatpayPublicKey ?? '')).toBe(true)
})

it.each([
  ['auth_code 134567890123456789 is invalid', 'auth_code (payment code) is invalid'],
  ['"134567890123456789","150000000000000000"', '"(payment code)","(payment code)"'],
  ['no order 4200000042202606081345678901 at 20260608103456', undefined],
])('a payment code that a refusal quotes goes no further: %s', async (said, shown = said) => {
  const body = JSON.stringify({ code: 'PARAM_ERROR', message: said })
  expect(await ask(signedReply({ status: 400, body, nowMs }))).toMatchObject({ message: shown })
})

it('gives a refusal with its evidence, code and message spelt as they came', async () => {
  const outcome = await ask(signedReply({ status: 404, body: UNKNOWN, nowMs }))
  expect(outcome).toMatchObject({
    kind: 'refusal',
    code: 'ORDER_NOT_EXIST',
    status: 404,
    message: '订单不存在',
  })
  if (outcome.kind === 'refusal') expect(outcome.evidence.body).toBe(UNKNOWN)
})

it('cannot keep bytes that are not UTF-8, however well they are signed', async () => {
  const body = Buffer.concat([
    Buffer.from('{"trade_state":"SUCCESS","x":"'),
    Buffer.of(0xff),
    Buffer.from('"}'),
  ])
  expect(inShort(await ask(signedReply({ status: 200, body, nowMs })))).toBe('unreadable')
})

it('says nothing of a body that could not be read', async () => {
  const reply = { ...signedReply({ status: 200, body: PAID, nowMs }), body: null }
  expect(inShort(await ask(reply))).toBe('unreadable')
  expect(inShort(await ask({ ...reply, status: 503 }))).toBe('server-error')
})

it('a reply signed by a stranger under our serial is forged', async () => {
  expect(inShort(await ask(signedReply({ status: 200, body: PAID, nowMs, key: stranger.privateKey })))).toBe(
    'forged',
  )
})

it('tells a person what came, with the Request-ID and without body, key or signature', async () => {
  const reply = signedReply({ status: 503, body: '{"code":"SYSTEM_ERROR","message":"secret"}', nowMs })
  const outcome = await ask(reply)
  if (outcome.kind !== 'no-answer') throw new Error(outcome.kind)
  expect(outcome.detail).toBe(
    'GET /v3/global/transactions/out-trade-no/A42?mchid=1900000001: HTTP 503 (Request-ID 08F4C3A1-268512771)',
  )
})

it('shows no claim that does not look like a code', async () => {
  const body = '{"code":"<script>alert(1)</script>"}'
  expect(inShort(await ask({ kind: 'reply', status: 404, headers: {}, body: Buffer.from(body) }))).toBe(
    'unsigned',
  )
})
