import type { Clock } from '../clock.ts'
import type { Store } from '../store/store.ts'
import type { Awaited } from './awaited.ts'
import type { Lane } from './lane.ts'
import type { Outbox } from './outbox.ts'
import { Pulse, type PulseOptions, type PulseTimes } from './pulse.ts'
import type { Report } from './report.ts'

export interface OthersOptions {
  readonly store: Store
  readonly clock: Clock
  readonly worker: string
  readonly accounts: readonly string[]
  readonly times: PulseTimes
  readonly report: Report
  readonly awaited: Awaited
  readonly onStoreTime: PulseOptions['onStoreTime']
}

/** Every so many heartbeats each process looks by itself for what another may have told of in vain. */
const LOOK_BEATS = 5

/**
 * The processes that share the store with this one: what they change is heard of here, and what they leave is taken up.
 * Nothing of it happens where one process owns the store.
 */
export class Others {
  /** Null where one process owns the store. */
  readonly pulse: Pulse | null
  readonly #options: OthersOptions
  #lanes: ReadonlyMap<string, Lane> = new Map()
  #outbox: Outbox | null = null
  #unwatch = async (): Promise<void> => {}
  #beats = 0

  constructor(options: OthersOptions) {
    const { store, clock, worker, accounts, times, report, onStoreTime } = options
    this.#options = options
    this.pulse =
      store.peers === null
        ? null
        : new Pulse({
            peers: store.peers,
            ...{ clock, worker, accounts, times },
            onBeat: (beat) => this.#onBeat(beat),
            onError: report.storeFailed,
            ...(onStoreTime !== undefined && { onStoreTime }),
          })
  }

  /** Until when anything may be sent, as of now. */
  get sendUntilMs(): number {
    return this.pulse?.sendUntilMs ?? Number.POSITIVE_INFINITY
  }

  /** Whose work it is that others may change; they are made with the pulse. */
  open(lanes: ReadonlyMap<string, Lane>, outbox: Outbox): void {
    this.#lanes = lanes
    this.#outbox = outbox
  }

  /** Becomes one of them. Resolves after the first heartbeat. */
  async join(): Promise<void> {
    const { clock, store } = this.#options
    const { peers } = store
    if (this.pulse === null || peers === null) return
    this.#unwatch = peers.watch((ids) => {
      this.#options.report.changedElsewhere()
      if (ids === null) for (const lane of this.#lanes.values()) lane.wake(clock.nowMs())
      void this.#lookAt(ids)
    })
    await this.pulse.start()
  }

  async leave(): Promise<void> {
    await this.#unwatch()
    await this.pulse?.end()
  }

  #onBeat({ isBack, isAlone }: { readonly isBack: boolean; readonly isAlone: boolean }): void {
    this.#beats += 1
    const isTimeToLook = this.#beats % LOOK_BEATS === 0
    for (const lane of this.#lanes.values()) {
      if (isBack) void lane.startOver()
      else if (isAlone || isTimeToLook) lane.wake(this.#options.clock.nowMs())
      lane.goOn()
    }
    if (!isBack && !isAlone && !isTimeToLook) return
    this.#outbox?.wake()
    void this.#lookAt(null)
  }

  /** Others have changed these orders; null: any. Whoever waits for one hears of it, and so does its work. */
  async #lookAt(ids: readonly number[] | null): Promise<void> {
    const { store, awaited, report } = this.#options
    const lanes = [...this.#lanes.values()]
    const waited = new Set(awaited.ids)
    const wanted = (ids ?? [...waited]).filter((id) => waited.has(id) || lanes.some((lane) => lane.holds(id)))
    try {
      for (const id of wanted) {
        const order = await store.byId(id)
        if (order === null) continue
        awaited.wake(order)
        this.#lanes.get(order.account)?.changed(order)
      }
    } catch (error) {
      // They look again by themselves.
      report.storeFailed(error)
    }
  }
}
