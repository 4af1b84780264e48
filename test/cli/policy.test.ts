import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { KINDS } from '../../src/core/order.ts'
import { folder, run } from './cli.ts'

const FIXED = { policy: 'fixed', firstMs: 3_000, everyMs: 4_000, jitterMs: 1_000, windowMs: 45_000 }
const TWO = {
  policy: 'twoPeriod',
  firstMs: 10_000,
  queriesAtMs: [20_000],
  thenEveryMs: 60_000,
  windowMs: 900_000,
}

function check(text: string) {
  const file = join(folder(), 'policies.json')
  writeFileSync(file, text)
  return run('policy', '--file', file)
}

describe('verdict policy', () => {
  it('shows the schedule of each kind with the rule behind each line', async () => {
    const { code, stdout } = await run('policy')
    expect(code).toBe(0)
    const blocks = stdout.trimEnd().split('\n\n')
    expect(blocks.map((block) => block.split(' ')[0])).toEqual(KINDS)
    for (const block of blocks)
      for (const line of block.split('\n').slice(1))
        expect(line).toMatch(/^ {2}\S.* {2}guide \d\.\d+(, \d\.\d+)*$/)
    expect(blocks[0]).toMatch(/45 s +revoke .+ guide 3\.3/)
    expect(blocks[1]).toMatch(/15 min +close .+ guide 3\.6/)
  })

  it('shows own policies, with a warning for what the guide advises against', async () => {
    const quick_pay = { ...FIXED, everyMs: 8_000 }
    const { code, stdout } = await check(JSON.stringify({ quick_pay, native: TWO }))
    expect(code).toBe(0)
    expect(stdout).toMatch(/warning: queries come 7000 to 9000 ms apart; the guide recommends 3000 to 5000/)
  })

  it.each([
    ['no JSON', '{', /can't be read; expected a JSON file/],
    ['another JSON value', '[]', /the value is \[\]; expected an object/],
    ['no kind at all', '{}', /names no kind; expected/],
    ['an unknown kind', '{"quick": {}}', /quick is unknown; expected one of quick_pay, native/],
    [
      'an unknown policy',
      '{"app": {"policy": "fixd"}}',
      /app\.policy is "fixd"; expected fixed, backoff or twoPeriod/,
    ],
    ['no policy', '{"app": null}', /app is null; expected an object/],
    [
      'a missing field',
      JSON.stringify({ app: { ...FIXED, everyMs: undefined } }),
      /app\.everyMs is missing; expected a number/,
    ],
    [
      'a text for a number',
      JSON.stringify({ app: { ...FIXED, everyMs: '4' } }),
      /app\.everyMs is "4"; expected a number/,
    ],
    [
      'a text in a list',
      JSON.stringify({ app: { ...TWO, queriesAtMs: [1, 'x'] } }),
      /app\.queriesAtMs\[1\] is "x"; expected a number/,
    ],
    ['an unknown field', JSON.stringify({ app: { ...FIXED, every: 1 } }), /app\.every is unknown/],
  ])('refuses %s in one sentence', async (_, text, expected) => {
    const { code, stdout, stderr } = await check(text)
    expect(stderr).toMatch(expected)
    expect(stderr).toMatch(/^verdict: .+ \(OPTION_INVALID\)\n$/)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })

  it('refuses what the guide forbids', async () => {
    const { code, stdout, stderr } = await check(
      JSON.stringify({ native: { ...FIXED, firstMs: 61_000, windowMs: 900_000 } }),
    )
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(
      /^verdict: policy for native: firstMs is 61000.+guide 1\.12\) \(POLICY_INVALID\)\n$/,
    )
  })
})
