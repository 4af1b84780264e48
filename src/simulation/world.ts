import { DatabaseSync } from 'node:sqlite'
import type { Credentials } from '../simulator/index.ts'
import { storeIn } from '../store/sqlite/open.ts'
import { accountsOf } from './accounts.ts'
import { callbackWay } from './callback-way.ts'
import { Chance } from './chance.ts'
import type { Cryptography } from './cryptography.ts'
import { EventClock } from './event-clock.ts'
import { Inbox } from './inbox.ts'
import type { Life } from './life.ts'
import { Merchant } from './merchant.ts'
import { MixUps } from './mix-ups.ts'
import { employPerson } from './person.ts'
import type { SeedPlan } from './plan.ts'
import { Processes } from './processes.ts'
import { shakyStore } from './shaky-store.ts'
import { Trace } from './trace.ts'
import { openWechatPay, type WechatPay } from './wechat-pay.ts'
import { wireOf } from './wire.ts'
import type { Witness } from './witness.ts'
import { startWorker, type Worker } from './worker.ts'

/** A Monday morning. */
export const START_MS = Date.UTC(2026, 5, 8, 2, 0, 0)

export interface WorldOptions {
  readonly plan: SeedPlan
  readonly credentials: Credentials
  readonly cryptography: Cryptography
  /** Made for the world before its first event. */
  readonly witness: (world: WorldParts) => Witness
}

/** What is there before anybody acts. */
export interface WorldParts {
  readonly plan: SeedPlan
  readonly clock: EventClock
  readonly chance: Chance
  readonly trace: Trace
  /** Verdict's database. */
  readonly db: DatabaseSync
  readonly wechatPay: WechatPay
  readonly cryptography: Cryptography
}

export interface World extends WorldParts {
  readonly witness: Witness
  readonly merchant: Merchant
  readonly processes: Processes
  /** Nothing goes wrong from now on: what is on its way arrives, what is dead comes back. */
  calm(): Promise<void>
  close(): void
}

/** Everything of one seed, put together, and ready for its first event. */
export async function openWorld({ plan, credentials, cryptography, witness }: WorldOptions): Promise<World> {
  const clock = new EventClock(START_MS)
  const chance = new Chance(plan.seed)
  const trace = new Trace(clock)
  const db = new DatabaseSync(':memory:')
  let store = storeIn(db)
  const way = callbackWay({
    clock,
    chance,
    trace,
    anyWorker: () => processes.any(),
    answered: (callback) => seeing.callback(callback),
  })
  const wechatPay = await openWechatPay(plan, clock, credentials, cryptography, way)
  const parts: WorldParts = { plan, clock, chance, trace, db, wechatPay, cryptography }
  const seeing: Witness = witness(parts)

  const inbox = new Inbox(clock, chance, plan.manners, (letter) => {
    trace.add('merchant', `${letter.out_trade_no} hears ${letter.type} ${letter.id}`)
    seeing.letter(letter)
  })
  const accounts = accountsOf(plan, wechatPay.keys)
  const spells = plan.shakiness.spells.map(([from, to]) => [START_MS + from, START_MS + to] as const)
  const shared = {
    chance,
    shakiness: { ...plan.shakiness, spells },
    nowMs: () => clock.nowMs(),
    touched: seeing.touched,
  }
  const mixUps = new MixUps(chance, plan.weather)
  const start = (life: Life): Worker =>
    startWorker({
      life,
      store: shakyStore({ ...shared, store, life }),
      transport: wireOf(life, { clock, chance, weather: plan.weather, wechatPay, tap: seeing, mixUps }),
      accounts,
      cryptography,
      inbox,
      seed: plan.seed,
      say: (line) => trace.add(life.name, line),
    })
  const processes: Processes = new Processes({
    plan,
    clock,
    chance,
    start,
    say: (line) => trace.add('', line),
    reopenStore: () => {
      store = storeIn(db)
    },
  })
  const merchant = new Merchant({
    clock,
    chance,
    cryptography,
    wechatPay,
    anyWorker: () => processes.any(),
    say: (line) => trace.add('merchant', line),
    surprised: seeing.surprised,
  })
  merchant.begin(plan.errands)
  let isCalm = false
  return {
    ...parts,
    witness: seeing,
    merchant,
    processes,
    async calm() {
      if (isCalm) return
      isCalm = true
      trace.add('', 'nothing goes wrong any more')
      chance.calm()
      await wechatPay.calm()
      processes.calm()
      employPerson({ clock, db, wechatPay, say: (line) => trace.add('a person', line) })
    },
    close() {
      wechatPay.close()
      db.close()
    },
  }
}
