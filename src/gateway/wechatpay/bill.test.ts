import { createHash, createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import {
  commonAccount,
  institutionalAccount,
  PUBLIC_KEY_ID,
  pemOf,
  scripted,
  signedReply,
  stranger,
} from '../../../test/support/wechatpay.ts'
import type { WechatPayAccount } from './account.ts'
import { globalV3Gateway } from './global-v3.ts'
import type { HttpReply, HttpRequest } from './transport.ts'

const CSV = '交易时间,商户订单号\r\n`2026-06-08 10:00:00,`A42\r\n'
const sha1Of = (text: string): string => createHash('sha1').update(text).digest('hex')

function asked(
  reply: (nowMs: number) => HttpReply,
  account: WechatPayAccount = commonAccount(),
  clock = new VirtualClock(),
) {
  const requests: HttpRequest[] = []
  const transport = scripted((request) => {
    requests.push(request)
    return reply(clock.nowMs())
  })
  const gateway = globalV3Gateway({ account, clock, transport })
  return { gateway, requests }
}

/** A bill of which this is signed. */
function bill({
  csv = CSV,
  stated = sha1Of(CSV),
  covered = JSON.stringify({ sha1: stated }),
  status = 200,
  key = undefined as typeof stranger.privateKey | undefined,
} = {}) {
  return (nowMs: number): HttpReply => {
    const more = { 'content-type': 'text/plain', 'wechatpay-statement-sha1': stated }
    const signed = signedReply({ status, body: covered, nowMs, more, ...(key !== undefined && { key }) })
    return { ...signed, body: Buffer.from(csv) }
  }
}

describe('a bill', () => {
  it('is asked for by day and merchant, with time and room for a large one', async () => {
    const { gateway, requests } = asked(bill())
    await gateway.bill('20260608', null)
    expect(requests).toMatchObject([
      { method: 'GET', path: '/v3/global/statements?date=20260608&mchid=1900000001', readTimeoutMs: 300_000 },
    ])
    expect(requests[0]?.bodyBytesMax).toBeGreaterThan(400_000_000)
    expect(requests[0]?.headers).toContain('application/json, text/plain')
  })

  it.each([
    [null, ''],
    ['1700000001', '&sub_mchid=1700000001'],
  ])('of an institution is of all sub-merchants or of one: %s', async (sub_mchid, asking) => {
    const { gateway, requests } = asked(bill(), institutionalAccount({ sub_mchid: '1700000009' }))
    await gateway.bill('20260608', sub_mchid)
    expect(requests[0]?.path).toBe(`/v3/global/statements?date=20260608&sp_mchid=1900000100${asking}`)
  })

  it('is an answer, with the signed hash as its evidence', async () => {
    expect(await asked(bill()).gateway.bill('20260608', null)).toMatchObject({
      kind: 'answer',
      value: { csv: Buffer.from(CSV), sha1: sha1Of(CSV) },
      evidence: { source: 'reply', status: 200, body: `{"sha1":"${sha1Of(CSV)}"}` },
    })
  })

  it.each([
    ['in capital letters', bill({ stated: sha1Of(CSV).toUpperCase() })],
    ['signed alone, as the page can be read', bill({ covered: sha1Of(CSV) })],
  ])('is one as well with the hash %s', async (_, reply) => {
    const outcome = await asked(reply).gateway.bill('20260608', null)
    expect(outcome).toMatchObject({ kind: 'answer', value: { sha1: sha1Of(CSV) } })
  })

  it.each([
    ['one letter was changed', bill({ csv: CSV.replace('A42', 'A43') }), 'unreadable'],
    ['it breaks off', bill({ csv: CSV.slice(0, 20) }), 'unreadable'],
    [
      'the hash that is stated was changed with it',
      bill({ csv: 'x', stated: sha1Of('x'), covered: JSON.stringify({ sha1: sha1Of(CSV) }) }),
      'forged',
    ],
    ['somebody else signed it', bill({ key: stranger.privateKey }), 'forged'],
    ['the signature is over the bill itself', bill({ covered: CSV }), 'forged'],
    ['no hash is stated', (nowMs: number) => signedReply({ status: 200, body: CSV, nowMs }), 'unreadable'],
    [
      'WeChat Pay is busy',
      (nowMs: number) => signedReply({ status: 500, body: '{"code":"SYSTEM_ERROR"}', nowMs }),
      'server-error',
    ],
    ['its refusal is not signed', bill({ status: 400, csv: '{"code":"NO_STATEMENT_EXIST"}' }), 'forged'],
  ])('is no answer if %s', async (_, reply, reason) => {
    expect(await asked(reply).gateway.bill('20260608', null)).toMatchObject({ kind: 'no-answer', reason })
  })

  it('that there is none is a refusal, signed like any other', async () => {
    const body = '{"code":"NO_STATEMENT_EXIST","message":"none"}'
    const outcome = await asked((nowMs) => signedReply({ status: 400, body, nowMs })).gateway.bill(
      '20260608',
      null,
    )
    expect(outcome).toMatchObject({ kind: 'refusal', code: 'NO_STATEMENT_EXIST', evidence: { body } })
  })

  it('verifies as the published vector has it', async () => {
    const file = join(import.meta.dirname, '..', '..', '..', 'test', 'vectors', 'vectors.json')
    const { keys, constructed } = JSON.parse(readFileSync(file, 'utf8'))
    const { headers, raw_body, key } = constructed.response_global_statements
    const clock = new VirtualClock(Number(headers['Wechatpay-Timestamp']) * 1_000)
    const account = commonAccount({
      wechatpayPublicKey: pemOf(createPublicKey(keys[key].pem)),
    })
    const lower = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
    )
    // Which key it was is not part of what is signed.
    const known = { ...lower, 'wechatpay-serial': PUBLIC_KEY_ID }
    const reply: HttpReply = { kind: 'reply', status: 200, headers: known, body: Buffer.from(raw_body) }
    const outcome = await asked(() => reply, account, clock).gateway.bill('20250624', null)
    expect(outcome).toMatchObject({ kind: 'answer', value: { sha1: headers['Wechatpay-Statement-Sha1'] } })
  })
})
