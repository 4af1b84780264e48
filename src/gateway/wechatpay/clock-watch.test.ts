import { expect, it } from 'vitest'
import type { Verification } from '../../wechatpay/reply-signature.ts'
import { ClockWatch } from './clock-watch.ts'

const NOW_MS = Date.UTC(2026, 5, 8)

function verifiedAt(ms: number): Verification {
  const timestamp = String(Math.floor(ms / 1_000))
  return { kind: 'verified', signed: { serial: 's', timestamp, nonce: 'n', signature: 'x' } }
}

function told(verification: Verification, askedAtMs = NOW_MS - 100): number[] {
  const heard: number[] = []
  new ClockWatch((aheadMs) => heard.push(aheadMs)).see(verification, { askedAtMs, nowMs: NOW_MS })
  return heard
}

it.each([
  ['a minute ahead is nothing', verifiedAt(NOW_MS + 60_000), []],
  ['more than a minute ahead', verifiedAt(NOW_MS + 61_000), [61_000]],
  ['more than a minute behind', verifiedAt(NOW_MS - 70_000), [-68_900]],
  ['so far that it counts as forged', { kind: 'stale', aheadMs: 400_000 }, [400_000]],
  ['what nobody signed tells nothing', { kind: 'forged' }, []],
  ['nor does what has no signature', { kind: 'unsigned' }, []],
] as const)('%s', (_, verification, expected) => {
  expect(told(verification)).toEqual(expected)
})

it('a reply that took long is not a clock that is behind', () => {
  expect(told(verifiedAt(NOW_MS - 90_000), NOW_MS - 91_000)).toEqual([])
})

it('is told once an hour', () => {
  const heard: number[] = []
  const watch = new ClockWatch((aheadMs) => heard.push(aheadMs))
  for (const minutes of [0, 1, 59, 60]) {
    const nowMs = NOW_MS + minutes * 60_000
    watch.see(verifiedAt(nowMs + 100_000), { askedAtMs: nowMs, nowMs })
  }
  expect(heard).toHaveLength(2)
})
