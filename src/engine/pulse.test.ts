import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import type { Clock } from '../clock.ts'
import type { Beat, Beaten, Peers } from '../store/store.ts'
import { PULSE_TIMES, Pulse } from './pulse.ts'

const ACCOUNT = '1900000001'
const QUERY = `${ACCOUNT} query`
const SECOND = 1_000

/** What the store knows of the workers, by the rule of `verdict.beat` in PostgreSQL. */
class Register {
  readonly #clock: Clock
  readonly #rows = new Map<string, { beatAtMs: number; holds: Beat['holds']; wants: Beat['wants'] }>()
  readonly beats: Beat[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  beat(beat: Beat): Beaten {
    const { worker, holds, wants, deadMs } = beat
    this.beats.push(beat)
    const nowMs = this.#clock.nowMs()
    const isDead = (beatAtMs: number): boolean => beatAtMs < nowMs - deadMs
    const others = [...this.#rows].filter(([name, row]) => name !== worker && !isDead(row.beatAtMs))
    const sum = (of: (row: { holds: Beat['holds']; wants: Beat['wants'] }) => number | undefined) =>
      others.reduce((total, [, row]) => total + (of(row) ?? 0), 0)
    const granted: Record<string, number> = {}
    const reserved: Record<string, number> = {}
    for (const [name, want] of Object.entries(wants)) {
      const wanted = sum((row) => row.wants[name])
      const free = Math.max(0, Math.min(want / (wanted + want), 1 - sum((row) => row.holds[name])))
      granted[name] = free
      reserved[name] = Math.max(free, holds[name] ?? 0)
    }
    this.#rows.set(worker, { beatAtMs: nowMs, holds: reserved, wants })
    const dead = [...this.#rows].filter(([, { beatAtMs }]) => isDead(beatAtMs)).map(([name]) => name)
    return { granted, dead, nowMs }
  }

  leave(worker: string): void {
    this.#rows.delete(worker)
  }
}

/** How the way to the store is: what is asked gets there or not, and so does the answer, or only late. */
type Way = 'open' | 'no request' | 'no answer' | 'late answer'

const LATE_MS = 2_500

/** A process with a pulse, which can be stopped as by SIGSTOP: time passes, and none of its timers runs. */
class Process {
  readonly pulse: Pulse
  readonly name: string
  readonly heard: Array<{ readonly isBack: boolean; readonly isAlone: boolean }> = []
  readonly errors: unknown[] = []
  way: Way = 'open'
  isStopped = false
  readonly #clock: Clock
  #held: Array<() => void> = []

  constructor(name: string, register: Register, clock: Clock) {
    this.name = name
    this.#clock = clock
    const answer = <Value>(value: Value, ms: number) =>
      new Promise<Value>((resolve) => void this.#after(ms, () => resolve(value)))
    const peers: Pick<Peers, 'beat' | 'leave'> = {
      beat: async (beat) => {
        const { way } = this
        if (way === 'no request') throw new Error('no way to the store')
        const beaten = register.beat(beat)
        if (way === 'no answer') throw new Error('no answer from the store')
        return answer(beaten, way === 'late answer' ? LATE_MS : 5)
      },
      leave: async (worker) => register.leave(worker),
    }
    this.pulse = new Pulse({
      ...{ peers, worker: name, accounts: [ACCOUNT], times: PULSE_TIMES },
      clock: { nowMs: () => clock.nowMs(), after: (ms, task) => this.#after(ms, task) },
      onBeat: (beat) => this.heard.push(beat),
      onError: (error) => this.errors.push(error),
    })
  }

  /** What it could spend now. A stopped process spends nothing, whatever it believes. */
  get share(): number {
    return this.isStopped ? 0 : this.pulse.shareOf(ACCOUNT, 'query', this.#clock.nowMs())
  }

  stop(): void {
    this.isStopped = true
  }

  /** SIGCONT. What was due meanwhile runs after the caller has looked. */
  goOn(): void {
    this.isStopped = false
    for (const task of this.#held.splice(0)) this.#clock.after(0, task)
  }

  #after(ms: number, task: () => void): () => void {
    let isCancelled = false
    const run = (): void => {
      if (isCancelled) return
      if (this.isStopped) this.#held.push(run)
      else task()
    }
    const cancel = this.#clock.after(ms, run)
    return () => {
      isCancelled = true
      cancel()
    }
  }
}

function world() {
  const clock = new VirtualClock()
  const register = new Register(clock)
  const begin = async (name: string): Promise<Process> => {
    const process = new Process(name, register, clock)
    void process.pulse.start()
    await clock.advance(10)
    return process
  }
  return { clock, register, begin }
}

const held = (processes: readonly Process[]): number => processes.reduce((sum, { share }) => sum + share, 0)

describe('the parts of a budget', () => {
  const NAMES = ['a', 'b', 'c', 'd'] as const
  const step = fc.record({
    who: fc.nat(NAMES.length - 1),
    what: fc.constantFrom(
      ...(['join', 'join', 'lack', 'lack', 'stop', 'go on', 'go on', 'die', 'leave'] as const),
      ...(['open', 'open', 'no request', 'no answer', 'late answer'] as const),
    ),
    forMs: fc.oneof(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 8_000 })),
  })

  /** Plays a schedule; returns the most that all held together at any moment. */
  async function most(
    steps: ReadonlyArray<typeof step extends fc.Arbitrary<infer One> ? One : never>,
  ): Promise<number> {
    const { clock, register } = world()
    const living = new Map<number, Process>()
    let most = 0
    let joined = 0
    const look = (): void => {
      most = Math.max(most, held([...living.values()]))
    }
    for (const { who, what, forMs } of steps) {
      const process = living.get(who)
      if (process === undefined) {
        if (what !== 'join') continue
        const one = new Process(`${NAMES[who]}${++joined}`, register, clock)
        living.set(who, one)
        void one.pulse.start()
      } else if (what === 'lack') process.pulse.lacks(ACCOUNT, 'query')
      else if (what === 'stop') process.stop()
      else if (what === 'go on') process.goOn()
      else if (what === 'die') {
        process.stop()
        living.delete(who)
      } else if (what === 'leave') {
        if (process.isStopped) continue
        void process.pulse.end()
      } else if (what !== 'join') process.way = what
      look()
      for (let ms = 0; ms < forMs; ms += 100) {
        await clock.advance(Math.min(100, forMs - ms))
        look()
      }
    }
    return most
  }

  it('never add up to more than the whole, whoever joins, stops, dies, leaves, or hears nothing', async () => {
    const property = fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
      expect(await most(steps)).toBeLessThanOrEqual(1 + 1e-9)
    })
    await fc.assert(property, { numRuns: 60 })
  })

  it('twin: if the others thought it dead before it is silent, they would', async () => {
    const { clock, register, begin } = world()
    const process = await begin('a')
    process.stop()
    await clock.advance(2 * SECOND)
    const early = register.beat({ worker: 'b', holds: {}, wants: { [QUERY]: 1 }, deadMs: 1_500 })
    process.goOn()
    expect(process.share + (early.granted[QUERY] ?? 0)).toBeGreaterThan(1)
  })

  it('are all of it for one alone, and with two follow what each lacks', async () => {
    const { clock, begin } = world()
    const a = await begin('a')
    expect(a.share).toBe(1)
    const b = await begin('b')
    expect(b.share).toBe(0)
    await clock.advance(4 * SECOND)
    expect(held([a, b])).toBeCloseTo(1, 9)
    expect(b.share).toBeCloseTo(0.5, 9)
    for (let ms = 0; ms < 5 * SECOND; ms += 50) {
      b.pulse.lacks(ACCOUNT, 'query')
      await clock.advance(50)
    }
    expect(b.share).toBeGreaterThan(0.75)
    expect(held([a, b])).toBeLessThanOrEqual(1 + 1e-9)
  })

  it('of one that has left are free at the next heartbeat of another', async () => {
    const { clock, begin } = world()
    const a = await begin('a')
    const b = await begin('b')
    await a.pulse.end()
    expect(a.share).toBe(0)
    await clock.advance(SECOND)
    expect(b.share).toBe(1)
  })

  it('of one that has died are free after 6 s', async () => {
    const { clock, begin } = world()
    const a = await begin('a')
    a.stop()
    const b = await begin('b')
    await clock.advance(5 * SECOND)
    expect(b.share).toBe(0)
    await clock.advance(2 * SECOND)
    expect(b.share).toBe(1)
    expect(b.heard.filter(({ isAlone }) => isAlone)).toHaveLength(1)
  })
})

describe('without a confirmed heartbeat', () => {
  it.each(['no request', 'no answer'] as const)(
    'for 3 s since the last one began nothing is sent: %s',
    async (way) => {
      const { clock, begin } = world()
      const a = await begin('a')
      const beganAtMs = a.pulse.sendUntilMs - 3 * SECOND
      expect(beganAtMs).toBe(clock.nowMs() - 10)
      a.way = way
      await clock.advance(3 * SECOND - 10)
      expect(a.share).toBe(1)
      await clock.advance(1)
      expect(a.share).toBe(0)
      expect(a.errors.length).toBeGreaterThan(0)
    },
  )

  it('it tries again all the time, and once it is back it tells that it holds nothing', async () => {
    const { clock, register, begin } = world()
    const a = await begin('a')
    a.way = 'no request'
    await clock.advance(60 * SECOND)
    expect(a.share).toBe(0)
    a.way = 'open'
    const before = register.beats.length
    await clock.advance(SECOND + 10)
    expect(register.beats[before]?.holds).toEqual({})
    expect(a.heard.at(-1)).toEqual({ isBack: true, isAlone: false })
    expect(a.share).toBe(1)
    await clock.advance(SECOND)
    expect(a.heard.at(-1)).toEqual({ isBack: false, isAlone: false })
  })

  it('one that was stopped holds nothing when it wakes, before any of its timers has run', async () => {
    const { clock, begin } = world()
    const a = await begin('a')
    a.stop()
    await clock.advance(3 * SECOND)
    a.goOn()
    expect(a.share).toBe(0)
    await clock.advance(10)
    expect(a.heard.at(-1)).toEqual({ isBack: true, isAlone: false })
    expect(a.share).toBe(1)
  })

  it('one that was stopped while it waited for the answer holds nothing by that answer', async () => {
    const { clock, begin } = world()
    const a = await begin('a')
    a.way = 'late answer'
    await clock.advance(SECOND)
    a.stop()
    await clock.advance(10 * SECOND)
    a.way = 'open'
    a.goOn()
    expect(a.share).toBe(0)
    await clock.advance(0)
    expect(a.share).toBe(0)
    await clock.advance(SECOND)
    expect(a.share).toBe(1)
    expect(a.heard.filter(({ isBack }) => isBack)).toHaveLength(2)
  })

  it('twin: one that was stopped for 2 s goes on with what it held', async () => {
    const { clock, begin } = world()
    const a = await begin('a')
    a.stop()
    await clock.advance(2 * SECOND)
    a.goOn()
    expect(a.share).toBe(1)
  })
})

describe('heartbeats', () => {
  const atMs = async (lacking: boolean, answer: Way = 'open'): Promise<number> => {
    const { clock, register, begin } = world()
    const a = await begin('a')
    a.way = answer
    const before = register.beats.length
    for (let ms = 0; ms < 10 * SECOND; ms += 10) {
      if (lacking) a.pulse.lacks(ACCOUNT, 'query')
      await clock.advance(10)
    }
    return register.beats.length - before
  }

  it('come once a second, and five times as often while budget is lacking', async () => {
    expect(await atMs(false)).toBe(10)
    const hurried = await atMs(true)
    expect(hurried).toBeGreaterThanOrEqual(45)
    expect(hurried).toBeLessThanOrEqual(50)
  })

  it('come one at a time, however long the answers take', async () => {
    expect(await atMs(true, 'late answer')).toBeLessThanOrEqual(4)
  })

  it('tell what is lacking, what is used and what is not', async () => {
    const { clock, register, begin } = world()
    const a = await begin('a')
    a.pulse.lacks(ACCOUNT, 'query')
    a.pulse.shareOf(ACCOUNT, 'place', clock.nowMs())
    await clock.advance(300)
    const { query, place, close } = wantsOf(register.beats.at(-1))
    expect(query).toBeGreaterThan(place ?? 0)
    expect(place).toBeGreaterThan(close ?? 0)
    expect(close).toBeGreaterThan(0)
    await clock.advance(SECOND)
    expect(wantsOf(register.beats.at(-1)).query).toBe(close)
  })

  it('end with the process, which leaves no timer behind', async () => {
    const { clock, register, begin } = world()
    const a = await begin('a')
    const before = register.beats.length
    await a.pulse.end()
    await clock.advance(10 * SECOND)
    expect(register.beats).toHaveLength(before)
    expect(clock.timers).toBe(0)
  })
})

/** By the name of the call. */
function wantsOf(beat: Beat | undefined): Readonly<Record<string, number>> {
  const wants = Object.entries(beat?.wants ?? {})
  return Object.fromEntries(wants.map(([name, want]) => [name.split(' ')[1] ?? '', want]))
}
