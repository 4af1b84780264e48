import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { demo } from '../../src/cli/demo/demo.ts'
import { demoFiles } from '../../src/cli/demo/run.ts'
import type { Evidence } from '../../src/core/outcome.ts'
import type { Gateway } from '../../src/gateway/gateway.ts'
import { FILES, openFolder } from '../../src/simulator/folder.ts'
import { folder } from './cli.ts'

/** A run takes some 20 s at 60 times the speed, 40 at 20 times; beside all other tests it may take longer. */
const LONG_MS = 180_000
/**
 * Ten orders: five at the till, one of them never paid, and five elsewhere, each paid within its first minute of fifteen.
 * Two customers bring something back, twice each: elsewhere, because on a busy machine the 45 s of the till pass before
 * the customer's payment is seen, and what is revoked nobody brings back.
 */
const RUN = { orders: 10, seed: 937_849, faults: 'none', speed: 60, callbacks: false }
/** The numbers of refunds derive from these, and from those the time that each takes: with others it may be hours. */
const MERCHANTS = { mchid: '1900000001', sp_mchid: '1800000001', sub_mchid: '1700000001' }

interface Outcome {
  readonly code: number
  readonly wrong: number
  readonly refunds: number
  readonly said: string
}

/** A whole run with something between Verdict and WeChat Pay. */
async function runWith(
  change: (gateway: Gateway) => Partial<Gateway>,
  { speed = RUN.speed }: { speed?: number } = {},
): Promise<Outcome> {
  const store = join(folder(), 'verdict.db')
  await foundMerchants(demoFiles(store).weChatPay)
  const said: string[] = []
  let result = ''
  const code = await demo(
    { once: true, json: true, ...RUN, speed, store },
    {
      say: (sentence) => said.push(sentence),
      print: (line) => {
        result = line
      },
      signal: new AbortController().signal,
      version: '0.0.0',
      sabotage: (gateway) => ({ ...bound(gateway), ...change(gateway) }),
    },
  )
  const { wrong, refunds } = JSON.parse(result)
  return {
    code,
    wrong,
    refunds: refunds.requested,
    said: said.filter((line) => line.startsWith('wrong')).join('\n'),
  }
}

/** A simulator of before, with these merchants. */
async function foundMerchants(dir: string): Promise<void> {
  await openFolder(dir, Date.now())
  const file = join(dir, FILES.identity)
  const { identity } = JSON.parse(readFileSync(file, 'utf8'))
  writeFileSync(file, JSON.stringify({ identity: { ...identity, ...MERCHANTS } }))
}

function bound(gateway: Gateway): Gateway {
  return {
    identity: gateway.identity,
    callMsMax: gateway.callMsMax,
    draft: (placement) => gateway.draft(placement),
    place: (request) => gateway.place(request),
    query: (order) => gateway.query(order),
    close: (order, signedAtMs) => gateway.close(order, signedAtMs),
    reverse: (order, signedAtMs) => gateway.reverse(order, signedAtMs),
    draftRefund: (refund) => gateway.draftRefund(refund),
    refund: (request) => gateway.refund(request),
    queryRefund: (order, out_refund_no) => gateway.queryRefund(order, out_refund_no),
    queryRefunds: (order, transaction_id, range) => gateway.queryRefunds(order, transaction_id, range),
    bill: (day, sub_mchid) => gateway.bill(day, sub_mchid),
    openCallback: (callback) => gateway.openCallback(callback),
    paySign: (request) => gateway.paySign(request),
    end: () => gateway.end(),
  }
}

describe.concurrent('the audit of a demo', () => {
  it('finds nothing wrong with an honest gateway', { timeout: LONG_MS }, async () => {
    expect(await runWith(() => ({}))).toEqual({ code: 0, wrong: 0, refunds: 4, said: '' })
  })

  it('finds a gateway that calls unpaid orders paid and forges the evidence', {
    timeout: LONG_MS,
  }, async () => {
    const callsPaid = (gateway: Gateway): Partial<Gateway> => ({
      query: async (order) => {
        const outcome = await gateway.query(order)
        if (outcome.kind !== 'answer' || outcome.value.trade_state === 'SUCCESS') return outcome
        const body = outcome.evidence.body.replace(outcome.value.trade_state, 'SUCCESS')
        const evidence: Evidence = { ...outcome.evidence, body }
        return { ...outcome, value: { ...outcome.value, trade_state: 'SUCCESS' }, evidence }
      },
    })
    // A placing that does not leave within its 10 s has no order that could be called anything.
    const { code, wrong, said } = await runWith(callsPaid, { speed: 20 })
    expect(code).toBe(1)
    expect(wrong).toBeGreaterThan(0)
    expect(said).toMatch(/the signature of statement/)
  })

  it('finds right verdicts that rest on the evidence of another order', { timeout: LONG_MS }, async () => {
    let first: Evidence | null = null
    const { code, wrong, said } = await runWith((gateway) => ({
      query: async (order) => {
        const outcome = await gateway.query(order)
        if (outcome.kind !== 'answer' || outcome.value.trade_state !== 'SUCCESS') return outcome
        first ??= outcome.evidence
        return { ...outcome, evidence: { ...first, receivedAtMs: outcome.evidence.receivedAtMs } }
      },
    }))
    expect(code).toBe(1)
    expect(wrong).toBeGreaterThan(0)
    expect(said).toMatch(/no stored statement says SUCCESS/)
  })

  it('finds a Quick Pay that was sent twice', { timeout: LONG_MS }, async () => {
    const sentTwice = (gateway: Gateway): Partial<Gateway> => ({
      place: async (request) => {
        const [outcome] = await Promise.all([
          gateway.place(request),
          request.kind === 'quick_pay' ? gateway.place(request) : null,
        ])
        return outcome
      },
    })
    // Slower: both are to be on their way within the 10 s in which a Quick Pay may still be sent.
    const { code, wrong, said } = await runWith(sentTwice, { speed: 20 })
    expect(code).toBe(1)
    expect(wrong).toBeGreaterThan(0)
    expect(said).toMatch(/Quick Pay received 2 times/)
  })

  it('finds a refund that is called done and was not made', { timeout: LONG_MS }, async () => {
    const { code, wrong, said } = await runWith((gateway) => ({
      refund: async (request) => {
        const { out_refund_no, amount } = JSON.parse(request.body)
        const asked = await gateway.queryRefunds(request, null, { offset: 0, count: 50 })
        return asked.kind === 'answer'
          ? { ...asked, value: { out_refund_no, amount, status: 'SUCCESS' } }
          : asked
      },
    }))
    expect(code).toBe(1)
    expect(wrong).toBeGreaterThan(0)
    expect(said).toMatch(/is SUCCESS, WeChat Pay has no such refund/)
    expect(said).toMatch(/is kept, WeChat Pay has/)
  })

  it('finds a refund that was made under another number, and twice', { timeout: LONG_MS }, async () => {
    const { code, wrong, said } = await runWith((gateway) => ({
      refund: async (request) => {
        const body = JSON.parse(request.body)
        const twin = JSON.stringify({
          ...body,
          out_refund_no: `${body.out_refund_no}-X`,
          amount: { ...body.amount, refund: 1 },
        })
        await gateway.refund({ ...request, body: twin })
        return gateway.refund(request)
      },
    }))
    expect(code).toBe(1)
    expect(wrong).toBeGreaterThan(0)
    expect(said).toMatch(/WeChat Pay made the refund .+-X, which Verdict didn't ask for/)
  })

  it('finds an order that WeChat Pay has and Verdict lacks', { timeout: LONG_MS }, async () => {
    const { code, wrong, said } = await runWith((gateway) => ({
      place: async (request) => {
        const out_trade_no = `${request.out_trade_no}-X`
        const body = JSON.stringify({ ...JSON.parse(request.body), out_trade_no })
        if (request.kind === 'native') await gateway.place({ ...request, out_trade_no, body })
        return gateway.place(request)
      },
    }))
    expect(code).toBe(1)
    expect(wrong).toBeGreaterThan(0)
    expect(said).toMatch(/-X: WeChat Pay has it, Verdict lacks it/)
  })
})
