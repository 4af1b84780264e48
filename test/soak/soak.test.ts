import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/random.ts'
import { judge, type SoakRun } from './judge.ts'
import type { Handles, Sample } from './sample.ts'
import { slopeOf } from './slope.ts'

/** What a test changes of a clean hour: by the share of the hour that has passed, and one chance per sample. */
interface Hour {
  readonly minutes?: number
  readonly heapBytes?: (passed: number, chance: number) => number
  readonly rssBytes?: (passed: number) => number
  readonly timers?: (passed: number, chance: number) => number
  readonly sockets?: (passed: number, chance: number) => number
  readonly run?: Partial<SoakRun>
}

const HANDLES: Handles = { resources: { PipeWrap: 2 }, descriptors: { pipe: 3, file: 4 } }
const COMPARED = {
  entered: 72_000,
  orders: 72_000,
  verdicts: { SUCCESS: 50_000, CLOSED: 10_000, REVOKED: 8_000, NOT_CREATED: 4_000 },
  open: 0,
  forPeople: 0,
  wrong: [],
  lost: [],
  refunds: { ended: 5_000, open: 300 },
  deliveries: { sent: 150_000 },
  money: { expected: 1, actual: 1 },
  ordersWithFault: 40_000,
  faults: 90_000,
} satisfies SoakRun['compared']

const SAMPLE_EVERY_MS = 10_000
const ORDERS_PER_MS = 0.02

function soaked({ minutes = 60, heapBytes, rssBytes, timers, sockets, run }: Hour = {}): SoakRun {
  const random = seededRandom(7)
  const loadMs = minutes * 60_000
  const samples = Array.from({ length: loadMs / SAMPLE_EVERY_MS }, (_, i): Sample => {
    const atMs = (i + 1) * SAMPLE_EVERY_MS
    const passed = atMs / loadMs
    return {
      atMs,
      phase: 'load',
      heapUsedBytes: heapBytes?.(passed, random.next()) ?? 30e6,
      externalBytes: 12e6,
      arrayBuffersBytes: 8e6,
      rssBytes: rssBytes?.(passed) ?? 220e6,
      cpuMs: atMs / 5,
      loopDelayP99Ms: 21,
      entered: Math.round(atMs * ORDERS_PER_MS),
      openOrders: 4_000,
      finishedOrders: Math.round(atMs * ORDERS_PER_MS) - 4_000,
      walBytes: 8e6,
      statistics: {} as Sample['statistics'],
      resources: { Timeout: timers?.(passed, random.next()) ?? 150 },
      descriptors: { socket: sockets?.(passed, random.next()) ?? 40, file: 20 },
    }
  })
  const closed = { before: HANDLES, after: HANDLES }
  return { samples, loadMs, closed, exitedAfterMs: 40, troubles: [], compared: COMPARED, ...run }
}

/** An outage lifts a sixth of the samples. */
const noisy = (level: number, noise: number) => (_: number, chance: number) =>
  level + noise * chance + (chance > 0.83 ? 3 * noise : 0)

const wrongWith = (hour: Hour): readonly string[] => judge(soaked(hour)).wrong

describe('what is clean passes', () => {
  it.each<[string, Hour]>([
    ['a flat hour', {}],
    [
      'an hour with noise and outages',
      { heapBytes: noisy(30e6, 4e6), timers: noisy(120, 80), sockets: noisy(30, 90) },
    ],
    ['three flat minutes', { minutes: 3, heapBytes: noisy(30e6, 2e6) }],
    ['growth that ends with the warm-up', { heapBytes: (passed) => 30e6 + 8e6 * Math.min(1, passed * 7) }],
    ['a heap that shrinks', { heapBytes: (passed) => 60e6 - 20e6 * passed }],
  ])('%s', (_, hour) => {
    expect(wrongWith(hour)).toEqual([])
  })
})

describe('what leaks fails, with one sentence', () => {
  it.each<[string, Hour, RegExp]>([
    [
      '80 bytes kept of every order',
      { heapBytes: (passed) => 30e6 + passed * 72_000 * 80 },
      /^memory grows: heap/,
    ],
    [
      'the same in noise and outages',
      { heapBytes: (passed, chance) => noisy(30e6, 3e6)(passed, chance) + passed * 72_000 * 160 },
      /^memory grows: heap/,
    ],
    [
      '20 kB kept of every order, in three minutes',
      { minutes: 3, heapBytes: (passed) => 30e6 + passed * 3_600 * 20_000 },
      /^memory grows: heap/,
    ],
    ['memory outside of the heap', { rssBytes: (passed) => 220e6 + passed * 150e6 }, /^the process grows/],
    ['one timer a minute', { timers: (passed) => Math.round(60 + passed * 60) }, /^timers rise: /],
    [
      'sockets in noise and outages',
      { sockets: (passed, chance) => noisy(30, 60)(passed, chance) + passed * 90 },
      /^sockets rise: /,
    ],
    [
      'a timer after the close',
      { run: { closed: { before: HANDLES, after: { ...HANDLES, resources: { PipeWrap: 2, Timeout: 1 } } } } },
      /^after the close 1 of Timeout are left/,
    ],
    ['a process that lives on', { run: { exitedAfterMs: null } }, /did not exit by itself/],
    ['a process that died', { run: { closed: null } }, /ended before it had closed everything/],
    ['a warning', { run: { troubles: ['warning: MaxListenersExceededWarning'] } }, /MaxListeners/],
    [
      'a verdict that is wrong',
      { run: { compared: { ...COMPARED, wrong: ['m/K1: verdict CLOSED'] } } },
      /m\/K1/,
    ],
    [
      'money that is not there',
      { run: { compared: { ...COMPARED, money: { expected: 2, actual: 1 } } } },
      /2 is kept/,
    ],
    [
      'an order that is not in the store',
      { run: { compared: { ...COMPARED, orders: 71_999 } } },
      /71999 are in/,
    ],
    ['truth that could not be asked', { run: { compared: null } }, /truth could not be asked/],
  ])('%s', (_, hour, sentence) => {
    const wrong = wrongWith(hour)
    expect(wrong.filter((one) => sentence.test(one))).toHaveLength(1)
  })

  it('and so does a run that is too short to tell', () => {
    expect(wrongWith({ minutes: 1 })).toEqual([expect.stringMatching(/^only 5 samples/)])
  })
})

it('the slope of a line is exact, whatever a few wild points say', () => {
  const line = Array.from({ length: 40 }, (_, x) => ({ x, y: x % 10 === 3 ? 1e6 : 5 + 2 * x }))
  expect(slopeOf(line)?.perX).toBeCloseTo(2, 1)
})
