import { VerdictError } from './errors.ts'

/** The only source of time. Made once, where the parts are put together, and handed down. */
export interface Clock {
  /** Wall clock, epoch ms: for moments that are stored or sent. Never runs back while the process lives. */
  nowMs(): number
  /** Calls `task` once, `ms` of this clock from now. Returns a function that cancels it. */
  after(ms: number, task: () => void): () => void
}

/** Resolves after `ms` of the given clock; rejects with the signal's reason if that aborts first. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const cancel = clock.after(ms, () => {
      signal?.removeEventListener('abort', abort)
      resolve()
    })
    const abort = (): void => {
      cancel()
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', abort, { once: true })
  })
}

/** What `work` comes to, or null after `ms` of the given clock; then the work goes on. */
export function within<Result>(clock: Clock, ms: number, work: Promise<Result>): Promise<Result | null> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => resolve(null))
    work.finally(cancel).then(resolve, reject)
  })
}

/** setTimeout fires at once for anything larger (2^31 - 1 ms, some 25 days): such a wait is cut into pieces. */
const TIMER_MS_MAX = 2_147_483_647

function realAfter(realMs: number, task: () => void): () => void {
  let timer: NodeJS.Timeout
  const arm = (leftMs: number): void => {
    const partMs = Math.min(Math.max(leftMs, 0), TIMER_MS_MAX)
    timer = setTimeout(() => (leftMs > TIMER_MS_MAX ? arm(leftMs - TIMER_MS_MAX) : task()), partMs)
  }
  arm(realMs)
  return () => clearTimeout(timer)
}

/** ms since some fixed moment, never back, whatever somebody does to the machine's clock. */
function steadyMs(): number {
  return performance.now()
}

let aheadMs = Number.NEGATIVE_INFINITY

/**
 * Real wall clock, whole ms. Follows corrections of the machine's clock forward at once. Set back, it goes on from where
 * it was: nothing stands still or comes twice, and WeChat Pay says so if our time has become the wrong one.
 */
function realNowMs(): number {
  const nowMs = steadyMs()
  aheadMs = Math.max(aheadMs, Date.now() - nowMs)
  return Math.floor(nowMs + aheadMs)
}

export const systemClock: Clock = { nowMs: realNowMs, after: realAfter }

/** Set back, a clock goes so much slower until it is right: it neither runs back nor stands. */
const SLOW = 0.75

/** A clock that follows another one, by as much ahead or behind as it is set. Put forward it jumps, put back it goes slower. */
export class AdjustableClock implements Clock {
  readonly #base: Clock
  #aheadMs = 0
  /** Where it was set the last time. */
  #set: { readonly ms: number; readonly baseMs: number }

  constructor(base: Clock) {
    this.#base = base
    this.#set = { ms: base.nowMs(), baseMs: base.nowMs() }
  }

  nowMs(): number {
    const baseMs = this.#base.nowMs()
    const { ms, baseMs: setAtMs } = this.#set
    return Math.floor(Math.max(baseMs + this.#aheadMs, ms + SLOW * (baseMs - setAtMs)))
  }

  after(ms: number, task: () => void): () => void {
    return this.#base.after(ms, task)
  }

  /** Puts it forward, or back where negative, as seen from what it shows. */
  adjust(byMs: number): void {
    const [ms, baseMs] = [this.nowMs(), this.#base.nowMs()]
    this.#aheadMs = ms + byMs - baseMs
    this.#set = { ms, baseMs }
  }
}

/** A moment at which real time and compressed time were known together, and how fast the latter has run since. */
export interface ClockAnchor {
  readonly realMs: number
  readonly simulatedMs: number
  /** Simulated ms per real ms: 1 to 1000. */
  readonly speed: number
}

export const SPEED_MAX = 1000

export function anchorNow(speed: number): ClockAnchor {
  if (!(speed >= 1 && speed <= SPEED_MAX)) {
    throw new VerdictError('OPTION_INVALID', `speed is ${speed}; expected a number from 1 to ${SPEED_MAX}`)
  }
  const nowMs = realNowMs()
  return { realMs: nowMs, simulatedMs: nowMs, speed }
}

/** The same simulated moment, running at another speed from now on. Never earlier than `anchor.simulatedMs`. */
export function reanchor(anchor: ClockAnchor, speed: number): ClockAnchor {
  const simulatedMs = Math.max(anchor.simulatedMs, compressedClock(anchor).nowMs())
  return { ...anchorNow(speed), simulatedMs }
}

/**
 * Time that runs `speed` times as fast as real time. Processes that share an anchor share the time; a process that
 * starts later, or again, joins it, so simulated time goes on while everything is down.
 */
export function compressedClock({ realMs, simulatedMs, speed }: ClockAnchor): Clock {
  // One reading of the wall clock ties this process to the anchor; from there on the steady clock counts.
  const offsetMs = realNowMs() - steadyMs()
  return {
    nowMs: () => {
      const passedMs = Math.max(0, steadyMs() + offsetMs - realMs)
      return Math.floor(simulatedMs + passedMs * speed)
    },
    after: (ms, task) => realAfter(ms / speed, task),
  }
}
