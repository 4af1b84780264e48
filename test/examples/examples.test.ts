import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const run = promisify(execFile)
const examples = join(import.meta.dirname, '..', '..', 'examples')

/** What each example says when all goes well; a line that differs from run to run is given by how it begins. */
const SAYS: Readonly<Record<string, readonly string[]>> = {
  'place.ts': [
    'after the payment call the order is waiting',
    "SUCCESS, learnt by query, WeChat Pay's number has 28 digits",
  ],
  'native.ts': ['warnings: 1', 'show as QR code: code_url weixin://wxpay/bizpayurl?pr=', 'SUCCESS'],
  'mini-program.ts': ['timeStamp nonceStr package signType paySign', 'SUCCESS'],
  'track.ts': ['the other program got an answer', 'tracked and waiting', 'SUCCESS'],
  'give-up.ts': ['given up: ending', 'REVOKED, not before 15 s'],
  'settled.ts': ['NOT_SETTLED_YET: still open', 'SUCCESS SUCCESS'],
  'close.ts': ['who waited was told CLOSED', 'SUCCESS'],
  'callbacks.ts': [
    'A42: SUCCESS by callback',
    'a forged callback is answered 401',
    '0 queries, proof holds: true',
  ],
  'refund.ts': ['the same refund: true', 'REFUND_EXCEEDS', 'cup: 4400 SUCCESS', '1 refund of 4400'],
  'reconcile.ts': [
    '2 payments, 1 of them known here',
    'unknown_order: B7, SUCCESS 88.00 HKD',
    'signed: {"sha1":"',
  ],
  'policy.ts': [
    '0 s: place the order, once',
    '2 s: query',
    '5.5 s: query again',
    '1 warning',
    'true',
    'REVOKED, by us',
  ],
}

/** On the Node that runs the tests, which is the one the package `node` brought. */
async function linesOf(example: string): Promise<string[]> {
  const { stdout } = await run(process.execPath, [join(examples, example)], { timeout: 60_000 })
  return stdout.trimEnd().split('\n')
}

describe('examples', () => {
  it.each(Object.entries(SAYS))(
    '%s runs',
    async (example, says) => {
      const lines = await linesOf(example)
      expect(lines.map((line, i) => line.slice(0, says[i]?.length ?? 0))).toEqual(says)
    },
    70_000,
  )

  it('curl.sh goes from nothing to a verdict, a refund and a webhook', async () => {
    // The service's, and the next one for the webhooks: below those that simulators and outgoing connections get.
    const port = String(10_000 + 2 * (process.pid % 4_500))
    const path = `${join(process.execPath, '..')}:${process.env.PATH}`
    const { stdout } = await run('bash', [join(examples, 'curl.sh'), port], {
      timeout: 60_000,
      env: { ...process.env, PATH: path },
    })
    expect(stdout.trimEnd().split('\n')).toEqual([
      'ord_1 is waiting',
      'ord_1 is SUCCESS',
      'evidence holds: true',
      expect.stringMatching(/^refund of 4400 is \w+$/),
      'the webhook is sent',
    ])
  }, 70_000)

  it('history.ts tells the whole life and proves its end', async () => {
    const lines = await linesOf('history.ts')
    expect(lines.slice(0, 2)).toEqual(['entered  placed', 'intent place'])
    expect(lines).toContain('ending  payment failed')
    expect(lines).toContain('intent reverse')
    expect(lines.slice(-3)[0]).toBe('verdict  REVOKED')
    expect(lines.at(-1)).toBe('proof holds: true')
  }, 70_000)

  const files = globSync('*.ts', { cwd: examples })

  it('are all tested', () => {
    const known = [...Object.keys(SAYS), 'history.ts', 'sandbox.ts']
    expect(files.toSorted()).toEqual(known.toSorted())
  })

  it.each(files)('%s fits on a page', (file) => {
    expect(readFileSync(join(examples, file), 'utf8').split('\n').length).toBeLessThan(60)
  })
})
