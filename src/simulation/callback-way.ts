import type { SendCallback } from '../simulator/index.ts'
import type { Chance } from './chance.ts'
import type { EventClock } from './event-clock.ts'
import type { Trace } from './trace.ts'
import type { AnsweredCallback } from './witness.ts'
import type { Worker } from './worker.ts'

export interface CallbackWayOptions {
  readonly clock: EventClock
  readonly chance: Chance
  readonly trace: Trace
  readonly anyWorker: () => Worker | null
  /** Hears of every answer, at the moment at which it is given. */
  readonly answered: (answered: AnsweredCallback) => void
}

const WAY_MS = { min: 5, max: 60 } as const
const LOST = 0.01

/** How WeChat Pay's callbacks reach whichever process is there, and how its answer comes back, or doesn't. */
export function callbackWay({ clock, chance, trace, anyWorker, answered }: CallbackWayOptions): SendCallback {
  const way = (): number => chance.ms(WAY_MS.min, WAY_MS.max)
  return (_, headers, body) =>
    new Promise((resolve) => {
      clock.after(way(), () => {
        const worker = anyWorker()
        if (worker === null) return resolve({ failure: 'ECONNREFUSED' })
        worker.life.wake(() => {
          const callback = { headers: Object.entries(headers).flat(), body: Buffer.from(body) }
          void worker.receive(callback).then(({ status }) => {
            trace.add(worker.life.name, `answers a callback ${status}`)
            answered({ headers, body, status })
            if (chance.strikes('answer to a callback lost', LOST)) return
            clock.after(way(), () => resolve({ status }))
          })
        })
      })
    })
}
