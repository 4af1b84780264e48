// Runs Verdict through its public library, in a process of its own that may be killed at any moment:
// node shop.ts PLAN.json writes REPORT.json beside it when every order has its verdict, or time is over.

import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
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

export interface Plan {
  readonly anchor: ClockAnchor
  readonly accounts: readonly VerdictAccount[]
  readonly errands: readonly Errand[]
  /** When the shop stops waiting for verdicts. */
  readonly untilMs: number
}

export interface Errand {
  readonly atMs: number
  readonly place?: PlaceParameters
  readonly track?: TrackParameters
  /** When the merchant no longer wants it. */
  readonly giveUpAtMs: number | null
}

export interface ReportedOrder {
  readonly ref: OrderRef
  readonly state: Order['state']
  readonly kind: string
  readonly attention: string | null
  readonly total: number
  readonly proof: { readonly holds: boolean; readonly because: string }
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

export interface ShopReport {
  readonly orders: readonly ReportedOrder[]
  readonly surprises: readonly string[]
  readonly notices: readonly string[]
}

const [, , planFile = ''] = process.argv
const plan = JSON.parse(readFileSync(planFile, 'utf8')) as Plan
const surprises: string[] = []
const notices: string[] = []
process.on('unhandledRejection', (error) => surprises.push(`unhandled: ${String(error)}`))
process.on('uncaughtException', (error) => surprises.push(`uncaught: ${error.stack}`))

const clock = compressedClock(plan.anchor)
const until = (atMs: number): Promise<void> =>
  new Promise((go) => {
    clock.after(Math.max(0, atMs - clock.nowMs()), go)
  })

const store = await sqliteStore({ file: join(dirname(planFile), 'verdict.db') })
const verdict = await Verdict.open({
  store,
  accounts: plan.accounts,
  clock,
  notify: ({ message }) => notices.push(message),
})

const refOf = ({ place, track }: Errand): OrderRef => (place ?? track) as OrderRef

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
      const { account, out_trade_no } = refOf(errand)
      const ref = { out_trade_no, ...(account && { account }) }
      try {
        await verdict.settled(ref, { waitMs: Math.max(1, plan.untilMs - clock.nowMs()) })
      } catch (error) {
        if (!(error instanceof VerdictError && error.code === 'NOT_SETTLED_YET')) {
          surprises.push(`${out_trade_no}: settled: ${String(error)}`)
        }
      }
    }),
)

// Nothing may happen to an order after its verdict, whatever is still under way.
await until(clock.nowMs() + 90_000)
const orders: ReportedOrder[] = []
for (const errand of plan.errands) {
  if (missed.has(errand)) continue
  const { account, out_trade_no } = refOf(errand)
  const ref = { out_trade_no, ...(account && { account }) }
  try {
    const { order, journal, evidence, proof } = await verdict.order(ref)
    const { state, kind, attention, total } = order
    const isOpen = !isFinal(order)
    orders.push({ ref, state, kind, attention: isOpen ? attention : null, total, proof, journal, evidence })
  } catch (error) {
    surprises.push(`${out_trade_no}: ${String(error)}`)
  }
}
await verdict.close()
await store.close()
writeFileSync(join(dirname(planFile), 'report.json'), JSON.stringify({ orders, surprises, notices }))
// Whatever keeps the process alive now was forgotten by `close`.
setTimeout(() => {
  console.error(`still alive for ${process.getActiveResourcesInfo()}`)
  process.exit(4)
}, 3_000).unref()
