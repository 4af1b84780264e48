import { expect, it } from 'vitest'
import { RSA_ONE_IN } from '../../src/simulation/plan.ts'
import { runSeed } from '../../src/simulation/run-seed.ts'
import { shrink } from '../../src/simulation/shrink.ts'
import { running } from './world.ts'

/** A part of what `verdict prove` runs; `.ci/run` runs minutes of seeds that nobody has seen before. */
const SEEDS = Array.from({ length: 25 }, (_, i) => i + 1)

/** What went wrong in them. */
const kinds = new Set<string>()

it.each(SEEDS)('seed %i breaks no rule', async (seed) => {
  const { finding, faults } = await runSeed(await running(seed))
  expect(finding).toBeNull()
  for (const kind of Object.keys(faults)) kinds.add(kind)
})

it('one seed in a thousand is signed with RSA, and breaks no rule either', async () => {
  const { finding, verdicts } = await runSeed(await running(RSA_ONE_IN, 10))
  expect(finding).toBeNull()
  expect(Object.values(verdicts).reduce((sum, n) => sum + n, 0)).toBeGreaterThan(0)
})

it('the same seed gives the same trace to the byte, and another seed another', async () => {
  const [one, again, other] = await Promise.all(
    [3, 3, 4].map(async (seed) => runSeed(await running(seed, 20))),
  )
  expect(again?.trace).toEqual(one?.trace)
  expect(other?.trace).not.toEqual(one?.trace)
})

it('the seeds meet everything that can go wrong', () => {
  expect([...kinds].toSorted()).toEqual(expect.arrayContaining(EVERY_KIND))
})

const EVERY_KIND = [
  'answer to a callback lost',
  'connection refused',
  'machine restarted',
  'merchant failed after',
  'merchant failed before',
  'process killed',
  'process killed at a step',
  'process stopped',
  'process stopped at a step',
  'reply late',
  'reply replayed',
  'request late',
  'request lost',
  'store failed after',
  'store failed before',
  'store slow',
  'unsigned denial',
  ...['noReplyBefore', 'noReplyAfter', 'slowReply', 'resetBefore', 'resetAfter', 'systemErrorBefore'],
  ...['systemErrorAfter', 'badGatewayBefore', 'badGatewayAfter', 'rateLimited', 'wrongSignature'],
  ...['signatureProbe', 'unreadableBody', 'unsignedPage', 'unknownOrder', 'outageAll', 'outagePrimary'],
  ...['callbackLost', 'callbackLate', 'callbackTwice', 'callbackForged', 'callbackOtherAmount'],
]

it('twin: with a merchant key that WeChat Pay refuses no order ends, and the smallest run that shows it is found', async () => {
  const options = await running(5, 6)
  const wrong = { sign: async () => 'd3Jvbmc=', signNow: () => 'd3Jvbmc=' }
  const broken = { ...options, mac: { ...options.mac, merchant: wrong } }
  const failed = await runSeed(broken)
  expect(failed.finding?.rule).toBe('every order ends')
  const { result, calmAfterEvents, only } = await shrink(broken, failed)
  expect(result.finding?.rule).toBe('every order ends')
  expect(only).toBe(failed.finding?.out_trade_no)
  expect(calmAfterEvents).toBe(0)
})
