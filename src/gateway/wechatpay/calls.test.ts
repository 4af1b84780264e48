import { expect, it } from 'vitest'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import { commonAccount, failure, scripted, signedReply } from '../../../test/support/wechatpay.ts'
import { globalV3Gateway } from './global-v3.ts'
import { AWAY_MS } from './hosts.ts'
import type { HttpRequest, HttpResult } from './transport.ts'

const [FIRST, BACKUP] = ['https://first.example.com', 'https://backup.example.com']
const ORDER = { account: '1900000001', sub_mchid: null, out_trade_no: 'A42' }
const QUICK_PAY = { ...ORDER, kind: 'quick_pay', body: '{}' } as const

function setUp(answer: (request: HttpRequest) => HttpResult, more: { signMs?: number } = {}) {
  const clock = new VirtualClock()
  const transport = scripted(answer)
  const sign = async (): Promise<string> => {
    await clock.advance(more.signMs ?? 0)
    return 'c2lnbg=='
  }
  const signer = { sign, signNow: () => 'c2lnbg==' }
  const account = commonAccount({ backupUrl: BACKUP })
  const gateway = globalV3Gateway({ account, clock, transport, signer })
  const hosts = (): string[] => transport.requests.map(({ origin }) => origin)
  return { clock, gateway, transport, hosts }
}

function notpay(clock: VirtualClock): HttpResult {
  return signedReply({ status: 200, body: '{"trade_state":"NOTPAY"}', nowMs: clock.nowMs() })
}

it('a call that never left goes to the other host at once, Quick Pay too, with the same bytes', async () => {
  const { gateway, transport, hosts, clock } = setUp(({ origin }) =>
    origin === FIRST ? failure('unreachable', false) : notpay(clock),
  )
  expect(await gateway.place({ ...QUICK_PAY, signedAtMs: clock.nowMs() })).toMatchObject({ kind: 'answer' })
  expect(hosts()).toEqual([FIRST, BACKUP])
  expect(transport.requests[1]).toEqual({ ...transport.requests[0], origin: BACKUP })
})

for (const reason of ['timeout', 'reset'] as const) {
  it(`Quick Pay is sent to no second host after a ${reason}`, async () => {
    const { gateway, hosts, clock } = setUp(() => failure(reason, true))
    const outcome = await gateway.place({ ...QUICK_PAY, signedAtMs: clock.nowMs() })
    expect(outcome).toMatchObject({ kind: 'no-answer', reason, sent: true })
    expect(hosts()).toEqual([FIRST])
  })
}

it('whatever may have left is not repeated, even if the transport calls it unreachable', async () => {
  const { gateway, hosts, clock } = setUp(() => failure('unreachable', true))
  await gateway.place({ ...QUICK_PAY, signedAtMs: clock.nowMs() })
  expect(hosts()).toEqual([FIRST])
})

it('both hosts unreachable: two attempts, nothing sent', async () => {
  const { gateway, hosts } = setUp(() => failure('unreachable', false))
  expect(await gateway.query(ORDER)).toMatchObject({ reason: 'unreachable', sent: false })
  expect(hosts()).toEqual([FIRST, BACKUP])
})

it('after three failures in a row the backup is used for 60 s, then the first again', async () => {
  const { gateway, hosts, clock } = setUp(({ origin }) =>
    origin === FIRST ? failure('timeout', true) : notpay(clock),
  )
  for (let i = 0; i < 5; i++) await gateway.query(ORDER)
  expect(hosts()).toEqual([FIRST, FIRST, FIRST, BACKUP, BACKUP])
  await clock.advance(AWAY_MS)
  for (let i = 0; i < 2; i++) await gateway.query(ORDER)
  expect(hosts().slice(5)).toEqual([FIRST, BACKUP])
})

it('a 5xx is a failure of its host; a 429, a forged reply and a refusal are not', async () => {
  const bad: { status: number } = { status: 429 }
  const { gateway, hosts } = setUp(() => ({
    kind: 'reply',
    headers: {},
    body: Buffer.alloc(0),
    status: bad.status,
  }))
  for (const status of [429, 429, 429, 404, 404, 404, 200, 200, 200]) {
    bad.status = status
    await gateway.query(ORDER)
  }
  expect(hosts().every((host) => host === FIRST)).toBe(true)
  bad.status = 502
  for (let i = 0; i < 4; i++) await gateway.query(ORDER)
  expect(hosts().slice(9)).toEqual([FIRST, FIRST, FIRST, BACKUP])
})

for (const call of ['place', 'close', 'reverse', 'refund'] as const) {
  it(`${call}: nothing is sent later than 10 s after the written intent, not even while it is being signed`, async () => {
    const ask = async (signMs: number, ageMs: number) => {
      const { gateway, clock, transport } = setUp(() => notpay(clock), { signMs })
      const signedAtMs = clock.nowMs() - ageMs
      const outcome =
        call === 'place' || call === 'refund'
          ? await gateway[call]({ ...QUICK_PAY, signedAtMs })
          : await gateway[call](ORDER, signedAtMs)
      return {
        outcome,
        sent: transport.requests.length,
        limitMs: (transport.requests[0]?.notAfterMs ?? 0) - signedAtMs,
      }
    }
    expect(await ask(0, 10_000)).toMatchObject({ sent: 1, limitMs: 10_000 })
    const late = { outcome: { kind: 'no-answer', reason: 'not-sent', sent: false }, sent: 0 }
    expect(await ask(0, 10_001)).toMatchObject(late)
    expect(await ask(5_000, 5_001)).toMatchObject(late)
  })
}

it('a query that took too long to sign is not sent either, so a call has a longest time', async () => {
  const { gateway, transport } = setUp(() => failure('timeout', true), { signMs: 10_001 })
  expect(await gateway.query(ORDER)).toMatchObject({ reason: 'not-sent', sent: false })
  expect(transport.requests).toHaveLength(0)
  expect(gateway.callMsMax).toBe(18_000)
})

it('a query wanted for later is signed at once and sent at its moment', async () => {
  const { gateway, transport, clock } = setUp(() => notpay(clock))
  const outcome = gateway.query(ORDER, clock.nowMs() + 5)
  await clock.advance(4)
  expect(transport.requests).toHaveLength(0)
  await clock.advance(1)
  expect(transport.requests).toHaveLength(1)
  expect(await outcome).toMatchObject({ kind: 'answer' })
})

it('a query whose signature came too late for its moment is sent when it is signed', async () => {
  const { gateway, transport, clock } = setUp(() => notpay(clock), { signMs: 9 })
  const outcome = gateway.query(ORDER, clock.nowMs() + 5)
  expect(await outcome).toMatchObject({ kind: 'answer' })
  expect(transport.requests).toHaveLength(1)
})
