import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import { createCredentials, createSimulator } from '../index.ts'

const folder = mkdtempSync(join(tmpdir(), 'verdict-control-'))
afterAll(() => rmSync(folder, { recursive: true }))

it('a body that nests without end is refused, and the simulator with its file goes on', async () => {
  const clock = new VirtualClock()
  const credentials = await createCredentials(clock.nowMs())
  const simulator = createSimulator({ clock, credentials, file: join(folder, 'simulator.db') })
  const advance = async (ms: string) => {
    const request = { method: 'POST', url: '/_sim/advance', headers: {}, body: `{"ms":${ms}}` }
    const answer = await simulator.handle(request)
    return 'connection' in answer ? null : { status: answer.status, value: JSON.parse(answer.body) }
  }
  expect(await advance('['.repeat(30_000) + ']'.repeat(30_000))).toEqual({
    status: 400,
    value: {
      code: 'OPTION_INVALID',
      message: 'the body is nested more than 100 deep; expected a JSON object',
    },
  })
  expect(await advance('1000')).toMatchObject({ status: 200, value: { aheadMs: 1_000 } })
  await simulator.close()
})
