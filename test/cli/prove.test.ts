import { describe, expect, it } from 'vitest'
import { run } from './cli.ts'

describe('verdict prove', () => {
  it('runs seeds, says what happened in them, and ends with 0 if no rule was broken', async () => {
    const { code, stdout } = await run('prove', '--seeds', '2', '--orders', '10', '--jobs', '2')
    expect(stdout).toMatch(/^Seeds 1 to 2, 10 orders each: \d+ events, \d+ calls to WeChat Pay/)
    expect(stdout).toMatch(/Verdicts: .*SUCCESS \d+/)
    expect(stdout).toContain('No rule was broken in any of 2 seeds.')
    expect(code).toBe(0)
  })

  it('counts for programs', async () => {
    const { code, stdout } = await run('prove', '--seeds', '2', '--from', '3', '--orders', '10', '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      seeds: 2,
      from: 3,
      orders: 10,
      failed: [],
      events: expect.any(Number),
    })
    expect(code).toBe(0)
  })

  it('prints every event of a seed, the same each time', async () => {
    const traced = ['prove', '--seeds', '1', '--orders', '3', '--trace']
    const [one, again] = await Promise.all([run(...traced), run(...traced)])
    expect(one?.stdout).toMatch(/\d+\.\d{3} worker 1\.\d+ sends place S1N\d/)
    expect(one?.stdout).toMatch(/seed 1: sha256 [0-9a-f]{64}\n$/)
    expect(again?.stdout).toBe(one?.stdout)
  })

  it.each([
    [['--seeds', '0'], 'seeds is 0; expected a whole number from 1'],
    [['--from', '-1'], 'from is -1; expected a whole number from 1'],
    [['--orders', '1001'], 'orders is 1001; expected a whole number from 1 to 1000'],
    [['--minutes', '0'], 'minutes is 0; expected a number above 0'],
    [['--jobs', '0.5'], 'jobs is 0.5; expected a whole number from 1 to 256'],
  ])('%j is refused', async (flags, sentence) => {
    const { code, stderr, stdout } = await run('prove', ...flags)
    expect(stderr).toContain(sentence)
    expect(stdout).toBe('')
    expect(code).toBe(2)
  })
})
