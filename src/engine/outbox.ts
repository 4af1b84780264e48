import type { Clock } from '../clock.ts'
import type { Change } from '../core/change.ts'
import type { Target } from '../delivery/target.ts'
import type { Commit } from '../store/store.ts'
import { Deliverer, type DelivererOptions } from './deliverer.ts'
import { messagesOf } from './payload.ts'

/** How long `end` waits for messages that are under way. */
const GRACE_MS = 2_000

/** What the merchant's system is told: written with the change that it tells of, and then sent by each target's deliverer. */
export class Outbox {
  readonly #clock: Clock
  readonly #deliverers: readonly Deliverer[]

  constructor(targets: readonly Target[], edges: Omit<DelivererOptions, 'target'>) {
    this.#clock = edges.clock
    this.#deliverers = targets.map((target) => new Deliverer({ ...edges, target }))
  }

  start(): void {
    for (const deliverer of this.#deliverers) deliverer.start()
  }

  /** Something may be due. */
  wake(): void {
    for (const deliverer of this.#deliverers) deliverer.wake()
  }

  /** The commit with its messages, which go into its transaction; other processes hear of it, too. */
  filled(commit: Commit): Commit {
    const { change } = commit
    if (change.events.length === 0) return commit
    return { ...commit, tell: true, ...this.#deliveriesOf(change) }
  }

  #deliveriesOf(change: Change): Pick<Commit, 'deliveries'> {
    if (this.#deliverers.length === 0) return {}
    const createdAtMs = this.#clock.nowMs()
    const messages = messagesOf(change, createdAtMs)
    const deliveries = this.#deliverers.flatMap(({ target }) =>
      messages
        .filter(({ type }) => target.wants(type))
        .map((message) => ({ target: target.name, message, createdAtMs })),
    )
    return { deliveries }
  }

  /** These were written, or may have been. */
  written(commits: readonly Commit[]): void {
    if (commits.some(({ change }) => change.events.length > 0)) this.wake()
  }

  async end(): Promise<void> {
    await Promise.all(this.#deliverers.map((deliverer) => this.#endOne(deliverer)))
  }

  /** What is under way may end; what takes longer is sent again by the next process. */
  async #endOne(deliverer: Deliverer): Promise<void> {
    const cancel = this.#clock.after(GRACE_MS, () => void deliverer.target.end())
    await deliverer.stop()
    cancel()
    await deliverer.target.end()
  }
}
