import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { accountsFromFile } from '../../src/gateway/wechatpay/account-file.ts'
import { SCRIPTED_TOTALS } from '../../src/simulator/customers.ts'
import { FAULTS } from '../../src/simulator/faults.ts'
import { FILES } from '../../src/simulator/folder.ts'
import { type Simulator, startSimulator } from '../../src/simulator/index.ts'
import { SCRIPTED_REFUNDS } from '../../src/simulator/refund-plans.ts'
import { gatewayFor } from '../../src/verdict.ts'
import { blocks, codesIn, rows, section, textOf } from './markdown.ts'

const text = textOf('docs/simulator.md')
const control = section(text, 'The control API')

let dir: string
let simulator: Simulator

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'verdict-docs-'))
  simulator = await startSimulator({ dir, clock: systemClock })
  await placeA42()
})

afterAll(async () => {
  await simulator.close()
  await rm(dir, { recursive: true })
})

async function placeA42(): Promise<void> {
  const [account] = await accountsFromFile(join(dir, 'account.json'))
  if (account?.mode !== 'common') throw new Error('the first account is in common mode')
  const gateway = gatewayFor(account, { clock: systemClock })
  const key = { account: account.mchid, sub_mchid: null, out_trade_no: 'A42', kind: 'native' } as const
  const body = gateway.draft({
    ...key,
    description: 'A teapot',
    amount: { total: 12_800, currency: 'HKD' },
    // Nobody answers there.
    notify_url: 'http://127.0.0.1:9/wechatpay',
    time_expire: '2099-01-01T00:00:00+08:00',
  })
  const outcome = await gateway.place({ ...key, body, signedAtMs: systemClock.nowMs() })
  expect(outcome.kind).toBe('answer')
  await gateway.end()
}

const commands = blocks(control, 'sh').flatMap((block) => block.trim().split('\n'))

it('has a command for each thing that the control API can do, but refuse', () => {
  const told = commands.map((command) => requestOf(command).path.replace('A42', 'N').replace(/\?.*/, ''))
  expect(new Set(told)).toEqual(
    new Set(
      [
        'health',
        'orders/N',
        'orders/N/pay',
        'orders/N/refund',
        'orders',
        'refunds',
        'refunds/PLATFORM-1-1/mend',
        'callbacks',
        'callbacks/N',
        'advance',
        'faults',
        'hosts',
        'scripts/A43',
        'statistics',
      ].map((path) => `/_sim/${path}`),
    ),
  )
})

it('shows commands that work, and answers that have these fields', async () => {
  for (const command of commands) {
    const { path, method, body } = requestOf(command)
    const reply = await fetch(simulator.url + path, { method, ...(body && { body }) })
    const answer: unknown = await reply.json()
    expect(reply.status, command).toBe(200)
    const shown = answerAfter(command)
    if (shown !== null) expect(fieldsOf(answer), command).toEqual(fieldsOf(shown))
  }
  const { trade_state } = JSON.parse(await (await fetch(`${simulator.url}/_sim/orders/A42`)).text())
  expect(trade_state).toBe('REFUND')
})

it('twin: a command that the control API does not know is refused', async () => {
  const { path, method } = requestOf('curl -X POST http://127.0.0.1:8787/_sim/orders/A42/steal')
  expect((await fetch(simulator.url + path, { method })).status).toBe(400)
})

it('names every fault, and no other', () => {
  const told = rows(section(text, 'Faults')).flatMap(([names = '']) => codesIn(names))
  expect(told.toSorted()).toEqual([...FAULTS].toSorted())
})

it('names every amount with a script', () => {
  const told = rows(section(text, 'Customers')).map(([total]) => Number(total))
  expect(told).toEqual([...SCRIPTED_TOTALS.keys()])
})

it('names every refund with a script', () => {
  const told = rows(section(text, 'Refunds')).map(([refund]) => Number(refund))
  expect(told).toEqual([...SCRIPTED_REFUNDS.keys()])
})

it('names every file of the folder', () => {
  const told = rows(section(text, 'The folder')).flatMap(([names = '']) => codesIn(names))
  expect(told.toSorted()).toEqual(Object.values(FILES).toSorted())
})

/** The few words of curl that the page uses, so that the test needs no curl. */
function requestOf(command: string): { method: string; path: string; body: string | undefined } {
  const [, method, url, body] =
    /^curl (?:-X (POST) )?'?http:\/\/127\.0\.0\.1:8787([^ ']+)'?(?: -d '([^']*)')?$/.exec(command) ?? []
  if (url === undefined) throw new Error(`not understood: ${command}`)
  return { method: method ?? 'GET', path: url, body }
}

/** The answer that the page shows right below a command. */
function answerAfter(command: string): unknown {
  const below = control.slice(control.indexOf(command) + command.length)
  const [, json] = /^\n```\n\n```json\n(.*)\n```/.exec(below) ?? []
  return json === undefined ? null : JSON.parse(json)
}

function fieldsOf(value: unknown): string[] {
  return typeof value === 'object' && value !== null ? Object.keys(value) : []
}
