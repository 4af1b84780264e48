/** WeChat Pay's part in the soak, in a process of its own and in real time. argv: `WeChatPaySettings`. */
import { systemClock } from '../../src/clock.ts'
import { startSimulator } from '../../src/simulator/index.ts'
import type { WeChatPaySettings, WordFromWeChatPay } from './words.ts'

const { dir, seed } = JSON.parse(process.argv[2] ?? '{}') as WeChatPaySettings
const simulator = await startSimulator({
  dir,
  seed,
  clock: systemClock,
  faults: 'harsh',
  customers: 'seeded',
  callbackKey: 'mixed',
})
process.send?.({ word: 'open', url: simulator.url } satisfies WordFromWeChatPay)

// Whoever started us ends us by the channel, or is gone.
process.once('disconnect', () => void simulator.close())
