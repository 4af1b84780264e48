import { integer, text, type Value } from '../rows/cells.ts'
import { deliveryOf } from '../rows/deliveries.ts'
import type { Commit, Delivery, DeliveryClaim, DeliveryResult } from '../store.ts'
import { columnwise } from './columnwise.ts'
import type { Connection, Parameter, Session } from './connection.ts'
import { Fronts } from './fronts.ts'
import { roundsOf } from './rounds.ts'
import {
  ADVANCE_DELIVERIES,
  ADVANCE_WIDTH,
  CLAIM_DELIVERIES,
  FINISH_DELIVERIES,
  INSERT_DELIVERIES,
  LOCK_ORDERS_OF_DELIVERIES,
  NEW_DELIVERY_WIDTH,
  RELEASE_DELIVERIES,
  RESEND,
  RESULT_WIDTH,
  SELECT_NEXT_DELIVERY,
} from './statements/deliveries.ts'

/**
 * The outbox. An order's messages to a target go one after the other: the first unfinished one has a due time, the
 * others are queued behind it.
 */
export class Deliveries {
  readonly #connection: Connection
  readonly #deadCells: () => readonly Parameter[]
  /** By target: what is sent leaves the index over due times as orders do. */
  readonly #fronts = new Fronts()

  /** @param deadCells the workers whose claims are over, as statements take them */
  constructor(connection: Connection, deadCells: () => readonly Parameter[]) {
    this.#connection = connection
    this.#deadCells = deadCells
  }

  async claim({ target, worker, nowMs, untilMs, limit }: DeliveryClaim): Promise<readonly Delivery[]> {
    const front = this.#fronts.of(target)
    const { elsewhere: afterMs } = front.from(nowMs)
    const claiming = this.#connection.rows(
      CLAIM_DELIVERIES,
      ...[target, nowMs, limit, worker, untilMs],
      ...this.#deadCells(),
      afterMs,
    )
    const rows = await front.during(claiming).catch((error: unknown) => {
      // It may have claimed some all the same.
      front.lookAgain()
      throw error
    })
    const byDueTime = (a: Delivery, b: Delivery): number => (a.dueAtMs ?? 0) - (b.dueAtMs ?? 0) || a.id - b.id
    return rows.map(deliveryOf).sort(byDueTime)
  }

  async finish(results: readonly DeliveryResult[]): Promise<void> {
    try {
      const free = await this.#connection.together((session) => this.#finish(session, results))
      for (const { target, dueAtMs } of free) this.#fronts.of(target).freed(dueAtMs)
    } catch (error) {
      // It may be written all the same.
      this.#fronts.lookAgain()
      throw error
    }
  }

  /** @returns what may be free now: the messages themselves, or the next in line */
  async #finish(session: Session, results: readonly DeliveryResult[]): Promise<readonly Free[]> {
    const ids = results.map(({ id }) => id)
    await session.rows(LOCK_ORDERS_OF_DELIVERIES, ids)
    const workers = results.map(({ worker }) => worker ?? null)
    const released = await session.rows(RELEASE_DELIVERIES, ids, workers)
    const free = released.map(([target, due_at]) => freeOf(target, due_at))
    for (const round of roundsOf(results, ({ id }) => id)) {
      const ended = await session.rows(FINISH_DELIVERIES, ...columnwise(round.map(resultCells), RESULT_WIDTH))
      const done = ended.filter(([, , done_at]) => done_at !== null).map((row) => row.slice(0, 3) as Value[])
      if (done.length > 0) await session.rows(ADVANCE_DELIVERIES, ...columnwise(done, ADVANCE_WIDTH))
      free.push(...ended.map(([, target, done_at, due_at]) => freeOf(target, done_at ?? due_at)))
    }
    return free
  }

  async nextAtMs(target: string): Promise<number | null> {
    const front = this.#fronts.of(target)
    const from = front.looking
    const looking = this.#connection.rows(
      SELECT_NEXT_DELIVERY,
      ...[target, front.nowMs],
      ...this.#deadCells(),
      from.elsewhere,
    )
    const [row] = await front.during(looking)
    const nextMs = row === undefined ? null : integer(row[0])
    front.seen(from, nextMs, nextMs)
    return nextMs
  }

  async resend(id: number, nowMs: number): Promise<Delivery | null> {
    const [row] = await this.#connection.rows(RESEND, nowMs, id)
    if (row === undefined) return null
    const delivery = deliveryOf(row)
    this.#fronts.of(delivery.target).freed(nowMs)
    return delivery
  }

  /** Messages were written with this order's change: the first may be free. */
  mayBeFree({ deliveries = [] }: Commit): void {
    for (const { target, createdAtMs } of deliveries) this.#fronts.of(target).freed(createdAtMs)
  }

  /** Anything may be free that was claimed before. */
  lookAgain(): void {
    this.#fronts.lookAgain()
  }
}

/** In a statement of its own, which sees what was finished before the orders were locked. */
export async function writeDeliveries(session: Session, commits: readonly Commit[]): Promise<void> {
  const rows = commits.flatMap(({ change, deliveries = [] }) =>
    deliveries.map(({ target, message, createdAtMs }): Value[] => [
      change.order.id,
      target,
      message.id,
      message.type,
      message.payload,
      createdAtMs,
    ]),
  )
  if (rows.length === 0) return
  const numbered = rows.map((row, ord): Value[] => [...row, ord])
  await session.rows(INSERT_DELIVERIES, ...columnwise(numbered, NEW_DELIVERY_WIDTH))
}

/** A message to `target` that is due then may be free. */
interface Free {
  readonly target: string
  readonly dueAtMs: number
}

function freeOf(target: unknown, dueAt: unknown): Free {
  return { target: text(target), dueAtMs: integer(dueAt) }
}

function resultCells({ id, nowMs, firstAtMs, attempts, outcome, worker }: DeliveryResult): Value[] {
  const again = outcome.state === 'pending'
  const why = outcome.state === 'sent' ? null : outcome.why
  const moments = [again ? outcome.dueAtMs : null, attempts, firstAtMs, again ? null : nowMs]
  return [id, outcome.state, ...moments, why, worker ?? null]
}
