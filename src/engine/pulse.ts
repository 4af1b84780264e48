import type { Clock } from '../clock.ts'
import { CALLS, type Call } from '../core/change.ts'
import type { Peers } from '../store/store.ts'

/** How a process shows the others that it lives. */
export interface PulseTimes {
  /** Between two heartbeats, ms of the clock. */
  readonly beatMs: number
  /** Whoever is silent for so long is dead to the others, ms of the store's own time: above three heartbeats. */
  readonly deadMs: number
}

export const PULSE_TIMES: PulseTimes = { beatMs: 1_000, deadMs: 6_000 }

export interface PulseOptions {
  readonly peers: Pick<Peers, 'beat' | 'leave'>
  readonly clock: Clock
  readonly worker: string
  readonly accounts: readonly string[]
  readonly times: PulseTimes
  readonly onBeat: (beat: {
    /** Nothing could be sent before: what was claimed then may be another's by now. */
    readonly isBack: boolean
    /** Somebody has died since: his claims are free. */
    readonly isAlone: boolean
  }) => void
  readonly onError: (error: unknown) => void
  /** By how much the store's clock is ahead of ours, and how exactly that is known. */
  readonly onStoreTime?: (aheadMs: number, exactToMs: number) => void
}

/** Without a confirmed heartbeat for so many of them, nothing is sent any more. */
const SILENT_BEATS = 3
/** Whoever lacks budget asks for more this soon after the heartbeat before. */
const HURRY = 0.2
/** What a process wants of a budget, beside the others. */
const WANTS = { lacking: 1, using: 0.25, idle: 0.02 } as const

/**
 * The life of this process among the others that share the store: its heartbeat, and its part of each account's budgets.
 * Whoever was stopped, or can't reach the store, holds nothing any more before anybody else may take it.
 */
export class Pulse {
  readonly #options: PulseOptions
  readonly #using = new Set<string>()
  readonly #lacking = new Set<string>()
  #shares: Readonly<Record<string, number>> = {}
  #dead: ReadonlySet<string> = new Set()
  #sendUntilMs = Number.NEGATIVE_INFINITY
  #beganAtMs = Number.NEGATIVE_INFINITY
  #beating: Promise<void> | null = null
  #cancel = (): void => {}
  #isEnded = false

  constructor(options: PulseOptions) {
    this.#options = options
  }

  /** Until when this process may send, as of the latest confirmed heartbeat. */
  get sendUntilMs(): number {
    return this.#sendUntilMs
  }

  /** Beats from now on. Resolves after the first heartbeat, whether it was confirmed or not. */
  start(): Promise<void> {
    return this.#beat()
  }

  /** Leaves the others, who needn't wait until it is dead. Never rejects. */
  async end(): Promise<void> {
    this.#isEnded = true
    this.#cancel()
    await this.#beating
    this.#sendUntilMs = Number.NEGATIVE_INFINITY
    const { peers, worker, onError } = this.#options
    await peers.leave(worker).catch(onError)
  }

  /** The part of a budget that this process may use now, for whoever wants to: 0 to 1. */
  shareOf(account: string, call: Call, nowMs: number): number {
    this.#using.add(nameOf(account, call))
    return this.heldOf(account, call, nowMs)
  }

  /** The same, for whoever only looks. */
  heldOf(account: string, call: Call, nowMs: number): number {
    return nowMs <= this.#sendUntilMs ? (this.#shares[nameOf(account, call)] ?? 0) : 0
  }

  /** Whether other processes work for the account, too, or may by now: then it may not use all of its budget. */
  isShared(account: string, nowMs: number): boolean {
    return this.heldOf(account, 'query', nowMs) < 1
  }

  /** Its part of the budget does not suffice: the next heartbeat says so, and comes soon. */
  lacks(account: string, call: Call): void {
    const name = nameOf(account, call)
    if (this.#lacking.has(name)) return
    this.#lacking.add(name)
    if (this.#beating === null) this.#beatIn(HURRY)
  }

  #beat(): Promise<void> {
    this.#beating ??= this.#exchange().finally(() => {
      this.#beating = null
      this.#beatIn(this.#lacking.size > 0 ? HURRY : 1)
    })
    return this.#beating
  }

  /** @param part of the usual time since the last one */
  #beatIn(part: number): void {
    const { clock, times } = this.#options
    this.#cancel()
    if (this.#isEnded) return
    const waitMs = Math.max(this.#beganAtMs + part * times.beatMs - clock.nowMs(), (HURRY * times.beatMs) / 2)
    this.#cancel = clock.after(waitMs, () => void this.#beat())
  }

  async #exchange(): Promise<void> {
    const { peers, clock, worker, times, onBeat, onError, onStoreTime } = this.#options
    const beganAtMs = clock.nowMs()
    this.#beganAtMs = beganAtMs
    const isBack = beganAtMs > this.#sendUntilMs
    // What the others may have taken meanwhile is not held any more, whatever was granted once.
    if (isBack) this.#shares = {}
    const beat = { worker, holds: this.#shares, wants: this.#wants(), deadMs: times.deadMs }
    try {
      const { granted, dead, nowMs } = await peers.beat(beat)
      const halfwayMs = (clock.nowMs() - beganAtMs) / 2
      onStoreTime?.(Math.round(nowMs - beganAtMs - halfwayMs), halfwayMs)
      this.#shares = granted
      this.#sendUntilMs = beganAtMs + SILENT_BEATS * times.beatMs
      const isAlone = dead.some((name) => !this.#dead.has(name))
      this.#dead = new Set(dead)
      if (!this.#isEnded) onBeat({ isBack, isAlone })
    } catch (error) {
      onError(error)
    }
  }

  #wants(): Readonly<Record<string, number>> {
    const wants: Record<string, number> = {}
    for (const account of this.#options.accounts) {
      for (const call of CALLS) wants[nameOf(account, call)] = this.#wantOf(nameOf(account, call))
    }
    this.#using.clear()
    this.#lacking.clear()
    return wants
  }

  #wantOf(name: string): number {
    if (this.#lacking.has(name)) return WANTS.lacking
    return this.#using.has(name) ? WANTS.using : WANTS.idle
  }
}

function nameOf(account: string, call: Call): string {
  return `${account} ${call}`
}
