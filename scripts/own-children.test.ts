import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { platform } from 'node:process'
import { expect, it } from 'vitest'
import { childrenOf, killOwnChildren } from './own-children.mjs'

it.runIf(platform === 'linux')('ends what spins for ever and hears no signal', async () => {
  const code = "process.on('SIGTERM', () => {}); process.send('spins'); for (;;) {}"
  const spinning = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  await once(spinning, 'message')
  expect(childrenOf(process.pid)).toContain(spinning.pid)
  const ended = once(spinning, 'exit')
  spinning.kill('SIGTERM')
  killOwnChildren()
  expect(await ended).toEqual([null, 'SIGKILL'])
  expect(childrenOf(process.pid)).not.toContain(spinning.pid)
})
