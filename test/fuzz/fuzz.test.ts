import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import type { Chance } from './chance.ts'
import { BLOCK_CASES, described, fuzz } from './fuzz.ts'
import { KNOWN } from './known.ts'
import { must, type Target } from './target.ts'
import { TARGETS } from './targets/index.ts'

const RUN = new URL('run.ts', import.meta.url).pathname
const SHORT_CASES = 20_000

async function run(...args: readonly string[]) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', RUN, ...args])
  const [out, said, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { code, said, result: out === '' ? null : JSON.parse(out) }
}

describe('hostile input, a short run', () => {
  it.each([
    ['the seed of every time', 1],
    ['a new seed', randomInt(2 ** 31)],
  ])('%s: every entrance holds', { timeout: 120_000 }, async (_, seed) => {
    console.error(`fuzz: seed ${seed}; again: npm run fuzz -- --cases ${SHORT_CASES} --seed ${seed}`)
    const { code, said, result } = await run('--cases', String(SHORT_CASES), '--seed', String(seed))
    expect(code, said).toBe(0)
    expect(result).toMatchObject({ seed, ok: true })
    expect(result.targets).toHaveLength(TARGETS.length)
    // Every target is guided by what it reaches of the sources.
    expect(result.branches.reached).toBeGreaterThan(1_500)
  })
})

describe('a known defect', () => {
  it.each(KNOWN)('is still there, or has to leave the list: $target, $what', async ({ shows, sign }) => {
    const failed = await (async () => shows())().then(() => 'nothing', described)
    expect(failed).toMatch(sign)
  })

  it('is counted and let pass, what is behind it is found, and other targets have none of it', async () => {
    const known = { target: 'deep', sign: /: found/, what: 'depth', shows: () => {} }
    const options = { seed: 1, cases: 1_000, known: [known] }
    const passed = await fuzz(deep(1), options)
    expect(passed).toMatchObject({ failure: null, known: { depth: expect.any(Number) } })
    for (const other of [{ sign: /: lost/ }, { target: 'shallow' }]) {
      const strict = await fuzz(deep(1), { ...options, known: [{ ...known, ...other }] })
      expect(strict).toMatchObject({ failure: { sentence: expect.stringContaining('found') }, known: {} })
    }
  })
})

/** A target that is found only step by step. */
const deep = (steps: number): Target => ({
  name: 'deep',
  open: () => ({
    run: (chance: Chance) => {
      let step = 0
      while (step < steps && chance.below(64) === 7) step += 1
      chance.input = step
      must(step < steps, 'found')
      return `step ${step}`
    },
  }),
})

describe('the run itself', () => {
  it('gets to what chance alone would meet once in 16 million cases', async () => {
    const { failure, cases } = await fuzz(deep(4), { seed: 1, cases: 100_000 })
    expect(failure?.sentence).toMatch(/^Wrong: found/)
    expect(cases).toBeLessThan(100_000)
  })

  it('gives the same cases for a seed, and a failing one again by its number alone', async () => {
    const first = await fuzz(deep(3), { seed: 3, cases: 100_000 })
    const number = first.failure?.case ?? -1
    expect(number).toBeGreaterThan(0)
    expect((await fuzz(deep(3), { seed: 3, cases: 100_000 })).failure).toEqual(first.failure)
    expect((await fuzz(deep(3), { seed: 3, first: number, cases: 1 })).failure).toEqual(first.failure)
    expect(first.failure?.replay).toBe(`npm run fuzz -- --target deep --seed 3 --case ${number}`)
  })

  it('fails for a case that takes too long', async () => {
    const slow: Target = {
      name: 'slow',
      open: () => ({
        run: () => {
          const { user } = process.threadCpuUsage()
          while (process.threadCpuUsage().user - user < 300_000);
          return 'slow'
        },
      }),
    }
    expect((await fuzz(slow, { seed: 1, cases: 1 })).failure?.sentence).toMatch(/^it took \d+ ms of CPU/)
  })

  it('sees a heap that grows with the cases', async () => {
    const kept: object[] = []
    const leaking: Target = {
      name: 'leaking',
      open: () => ({ run: () => String(kept.push({ kept: new Array(20).fill(0) }) > 0) }),
    }
    const { heapGrowthBytes } = await fuzz(leaking, { seed: 1, cases: 3 * BLOCK_CASES })
    expect(heapGrowthBytes).toBeGreaterThan(2_000_000)
  })

  it('says what it wants of its arguments', async () => {
    const { code, said, result } = await run('--target', 'nothing')
    expect({ code, result }).toEqual({ code: 2, result: null })
    expect(said).toMatch(/^usage: npm run fuzz/)
  })
})
