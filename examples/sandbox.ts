// What the examples need and your program does not: a simulated WeChat Pay in this process, with a folder that is
// thrown away, and a clock that runs 20 times as fast for both sides.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { accountsFromFile, anchorNow, type CommonAccount, compressedClock } from '../src/index.ts'
import { type FaultName, startSimulator } from '../src/simulator/index.ts'

const SPEED = 20

export async function startSandbox({ bills }: { readonly bills?: 'at-once' } = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'verdict-example-'))
  const clock = compressedClock(anchorNow(SPEED))
  // A callback may take 5 s of real time.
  const more = bills === undefined ? {} : { bills }
  const simulator = await startSimulator({ dir, clock, callbackAnswerMs: 5_000 * SPEED, ...more })
  const accounts = await accountsFromFile(join(dir, 'account.json'))
  const account = accounts.find((each): each is CommonAccount => each.mode === 'common')
  if (account === undefined) throw new Error('the simulator has an account in common mode')

  async function control(path: string, body: object): Promise<void> {
    const reply = await fetch(`${simulator.url}/_sim/${path}`, { method: 'POST', body: JSON.stringify(body) })
    if (!reply.ok) throw new Error(`${path}: ${await reply.text()}`)
  }

  return {
    dir,
    clock,
    account,
    /** The customer pays now. */
    pay: (out_trade_no: string) => control(`orders/${out_trade_no}/pay`, {}),
    /** What goes wrong from now on: the probability of each fault per call. */
    setFaults: (probabilities: Partial<Record<FaultName, number>>) => control('faults', { probabilities }),
    async close(): Promise<void> {
      await simulator.close()
      await rm(dir, { recursive: true })
    },
  }
}
