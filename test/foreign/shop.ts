// Runs Verdict through its public library, in a process of its own that may be killed at any moment:
// node shop.ts PLAN.json writes REPORT.json beside it when every order has its verdict, or time is over.

import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { dirname, join } from 'node:path'
import { nodeCallbacks } from '../../src/callback/node-http.ts'
import {
  type ClockAnchor,
  compressedClock,
  isFinal,
  type Order,
  type OrderRef,
  type PlaceParameters,
  type TrackParameters,
  Verdict,
  type VerdictAccount,
  VerdictError,
} from '../../src/index.ts'
import { sqliteStore } from '../../src/store/sqlite/index.ts'
import { Luck } from './chance.ts'
import { type Hearing, type Line, read, write } from './diary.ts'

export interface Plan {
  readonly anchor: ClockAnchor
  readonly accounts: readonly VerdictAccount[]
  readonly errands: readonly Errand[]
  /** Where callbacks come in, before and after every crash. */
  readonly port: number
  /** When the shop stops waiting for verdicts and refunds. */
  readonly untilMs: number
}

export interface Errand {
  readonly atMs: number
  readonly place?: PlaceParameters
  readonly track?: TrackParameters
  /** When the merchant no longer wants it. */
  readonly giveUpAtMs: number | null
  /** What the shop gives back as soon as it hears that the order is paid. */
  readonly refunds: readonly PlannedRefund[]
}

export interface PlannedRefund {
  readonly key: string
  /** `null`: all that is left. */
  readonly amount: number | null
  readonly reason: string | null
}

export interface ReportedOrder {
  readonly ref: OrderRef
  readonly state: Order['state']
  readonly kind: string
  readonly attention: string | null
  readonly total: number
  readonly proof: { readonly holds: boolean; readonly because: string }
  readonly late: string | null
  readonly refunds: readonly ReportedRefund[]
  readonly journal: readonly object[]
  readonly evidence: readonly {
    readonly request: string
    readonly serial: string
    readonly timestamp: string
    readonly nonce: string
    readonly signature: string
    readonly body: string
  }[]
}

export interface ReportedRefund {
  readonly out_refund_no: string
  readonly key: string | null
  readonly origin: string
  readonly amount: number
  readonly state: string
  readonly said: string | null
  /** When Verdict looks after it next. */
  readonly dueAtMs: number | null
}

export interface ShopReport {
  readonly orders: readonly ReportedOrder[]
  /** Numbers of customers who left before the shop was up. */
  readonly missed: readonly string[]
  readonly atMs: number
  readonly surprises: readonly string[]
  readonly notices: readonly string[]
}

const PULSE_REAL_MS = 20
const STALL_REAL_MS = 50

const [, , planFile = ''] = process.argv
const plan = JSON.parse(readFileSync(planFile, 'utf8')) as Plan
const diaryFile = join(dirname(planFile), 'diary.jsonl')
const surprises: string[] = []
const notices: string[] = []
process.on('unhandledRejection', (error) => surprises.push(`unhandled: ${String(error)}`))
process.on('uncaughtException', (error) => surprises.push(`uncaught: ${error.stack}`))

const clock = compressedClock(plan.anchor)
const until = (atMs: number): Promise<void> =>
  new Promise((go) => {
    clock.after(Math.max(0, atMs - clock.nowMs()), go)
  })

const refOf = ({ place, track }: Errand): OrderRef => (place ?? track) as OrderRef
const errandsByNumber = new Map(plan.errands.map((errand) => [refOf(errand).out_trade_no, errand]))
const note = (line: Line): void => write(diaryFile, { atMs: clock.nowMs(), ...line })

/** Some messages find the shop in trouble when they first come: before or after it did what it does with them. */
const heard = new Set(read(diaryFile).flatMap((line) => ('id' in line ? [line.id] : [])))

const store = await sqliteStore({ file: join(dirname(planFile), 'verdict.db') })
const verdict = await Verdict.open({
  store,
  accounts: plan.accounts,
  clock,
  notify: ({ message }) => notices.push(message),
  // The clock is compressed, the machine is not.
  callbackAnswerMs: Math.max(4_000, 800 * plan.anchor.speed),
  onVerdict: async ({ out_trade_no: order, state }, { id }) => {
    await hear({ what: 'verdict', order, id, state, taken: true }, async () => {
      const { refunds } = errandsByNumber.get(order) ?? { refunds: [] }
      if (state === 'SUCCESS') for (const refund of refunds) await ask(order, refund)
    })
  },
  onRefund: async ({ out_trade_no: order, refund: { out_refund_no, state } }, { id }) => {
    await hear({ what: 'refund', order, id, out_refund_no, state, taken: true })
  },
  onLateMoney: async ({ out_trade_no: order, lateMoney: { action } }, { id }) => {
    await hear({ what: 'late money', order, id, action, taken: true })
  },
})
let awakeMs = performance.now()
const pulse = setInterval(() => {
  const stalledMs = performance.now() - awakeMs - PULSE_REAL_MS
  awakeMs = performance.now()
  const fromMs = clock.nowMs() - stalledMs * plan.anchor.speed
  if (stalledMs > STALL_REAL_MS) note({ what: 'stalled', order: null, fromMs })
}, PULSE_REAL_MS)
const callbacks = createServer(nodeCallbacks(verdict.callbacks))
callbacks.listen(plan.port, '127.0.0.1')
await once(callbacks, 'listening')

async function hear(line: Hearing, act = async (): Promise<void> => {}): Promise<void> {
  const luck = new Luck('hearing', line.id)
  const trouble = heard.has(line.id) ? null : luck.weighted({ before: 0.08, after: 0.08, slow: 0.1 })
  heard.add(line.id)
  if (trouble === 'slow') await until(clock.nowMs() + luck.between(500, 20_000))
  if (trouble !== 'before') await act()
  const taken = trouble !== 'before' && trouble !== 'after'
  note({ ...line, taken })
  if (!taken) throw new Error(`the shop is in trouble ${trouble} it heard of ${line.order}`)
}

async function ask(order: string, { key, amount, reason }: PlannedRefund): Promise<void> {
  const errand = errandsByNumber.get(order)
  if (errand === undefined) return
  const parameters = { ...(amount !== null && { amount }), ...(reason !== null && { reason }) }
  const asked = { what: 'asked', order, key, amount } as const
  try {
    const refund = await verdict.refund(named(errand), { ...parameters, idempotencyKey: key })
    note({ ...asked, got: { out_refund_no: refund.out_refund_no, amount: refund.amount } })
  } catch (error) {
    if (!(error instanceof VerdictError) || error.code === 'CLOSED') throw error
    note({ ...asked, got: { code: error.code } })
  }
}

function named(errand: Errand): OrderRef {
  const { account, out_trade_no } = refOf(errand)
  return { out_trade_no, ...(account && { account }) }
}

/** Customers who left before the program was up again: their orders were never placed, and nobody asks about them. */
const missed = new Set<Errand>()

function cameTooLate({ place }: Errand, error: unknown): boolean {
  const isPast = place?.time_expire !== undefined && Date.parse(place.time_expire) <= clock.nowMs()
  return isPast && error instanceof VerdictError && error.code === 'ORDER_INVALID'
}

/** The till's program starts again after a crash and sends everything again: what exists is not sent twice. */
async function run(errand: Errand): Promise<void> {
  await until(errand.atMs)
  try {
    if (errand.place) await verdict.place(errand.place)
    if (errand.track) await verdict.track(errand.track)
    if (errand.giveUpAtMs !== null) {
      await until(errand.giveUpAtMs)
      await verdict.giveUp(refOf(errand))
    }
  } catch (error) {
    const known = error instanceof VerdictError && error.code === 'ORDER_STATE'
    if (cameTooLate(errand, error)) missed.add(errand)
    else if (!known) surprises.push(`${refOf(errand).out_trade_no}: ${String(error)}`)
  }
}

const errands = plan.errands.map(run)
let cancel = (): void => {}
const tooLate = new Promise<void>((go) => {
  cancel = clock.after(plan.untilMs - clock.nowMs(), go)
})
await Promise.race([Promise.all(errands), tooLate])
cancel()
await Promise.all(
  plan.errands
    .filter((errand) => !missed.has(errand))
    .map(async (errand) => {
      try {
        await verdict.settled(named(errand), { waitMs: Math.max(1, plan.untilMs - clock.nowMs()) })
      } catch (error) {
        if (!(error instanceof VerdictError && error.code === 'NOT_SETTLED_YET')) {
          surprises.push(`${refOf(errand).out_trade_no}: settled: ${String(error)}`)
        }
      }
    }),
)

// Nothing may happen to an order after its verdict but what follows from it, and that may take its time.
await until(clock.nowMs() + 90_000)
for (const errand of plan.errands) {
  while (!missed.has(errand) && clock.nowMs() < plan.untilMs && (await isBusy(errand))) {
    await until(Math.min(plan.untilMs, clock.nowMs() + 30_000))
  }
}

async function isBusy(errand: Errand): Promise<boolean> {
  const { refunds = [], late } = (await historyOf(errand)).aftercare
  const ended = ['SUCCESS', 'CLOSED', 'REFUSED']
  return refunds.some(({ state }) => !ended.includes(state)) || late === 'confirm' || late === 'compare'
}

async function historyOf(errand: Errand) {
  const { order, ...more } = await verdict.order(named(errand))
  const { refunds = [], late = null } = (isFinal(order) && order.aftercare) || {}
  const reported = refunds.map(({ out_refund_no, key, origin, amount, state, said, dueAtMs }) => {
    return { out_refund_no, key, origin, amount, state, said, dueAtMs }
  })
  return { order, ...more, aftercare: { refunds: reported, late: late?.phase ?? null } }
}

const orders: ReportedOrder[] = []
for (const errand of plan.errands) {
  if (missed.has(errand)) continue
  const ref = named(errand)
  try {
    const { order, journal, evidence, proof, aftercare } = await historyOf(errand)
    const { state, kind, attention, total } = order
    orders.push({ ref, state, kind, attention, total, proof, ...aftercare, journal, evidence })
  } catch (error) {
    surprises.push(`${ref.out_trade_no}: ${String(error)}`)
  }
}
clearInterval(pulse)
callbacks.close()
callbacks.closeAllConnections()
await verdict.close()
await store.close()
const left = [...missed].map((errand) => refOf(errand).out_trade_no)
const report: ShopReport = { orders, missed: left, atMs: clock.nowMs(), surprises, notices }
writeFileSync(join(dirname(planFile), 'report.json'), JSON.stringify(report))
// Whatever keeps the process alive now was forgotten by `close`.
setTimeout(() => {
  console.error(`still alive for ${process.getActiveResourcesInfo()}`)
  process.exit(4)
}, 3_000).unref()
