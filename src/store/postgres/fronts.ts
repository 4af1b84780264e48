/*
 * Where claims begin to look. A poll leaves the old entry of its order in the index over due times, and while anybody's
 * transaction is open no vacuum takes it away: who looked from the earliest due time on would pass all polls of that time,
 * again and again. So each process remembers up to which due time it found every order claimed, and looks further back
 * only now and then: for what others gave back, and for what the dead had claimed.
 */

const ALWAYS_MS = Number.MIN_SAFE_INTEGER
/** What becomes due in the past becomes so by a callback or a give-up, and is written within this time; clocks differ. */
const LATE_MS = 2_000
const FULL_LOOK_MS = 5_000
/** A full look takes no more than this part of the time, however long it takes. */
const FULL_LOOK_SHARE = 0.05

export interface From {
  /** Due times after these are looked at: at the till, and elsewhere. */
  readonly till: number
  readonly elsewhere: number
}

const EVERYWHERE: From = { till: ALWAYS_MS, elsewhere: ALWAYS_MS }

/** What one process knows of an account's queues. */
export class Front {
  readonly #now: () => number
  #from: From = EVERYWHERE
  #isFull = true
  #lookedFullyAt = Number.NEGATIVE_INFINITY
  /** What the statements of the full look that goes on took, those of earlier tries at it included. */
  #spentMs = 0
  #pauseMs = FULL_LOOK_MS
  /** How often a full look was asked for, how often as of the look that goes on, and as of the latest full one. */
  #asked = 0
  #askedThen = 0
  #answered = 0
  /** Just before the earliest that became free since the look began: it may not have seen that. */
  #freedMs = Number.POSITIVE_INFINITY
  /** As of the latest claim, in the caller's time. */
  nowMs = ALWAYS_MS

  /** @param now real ms, from any beginning */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Where the claim of this moment begins to look. */
  from(nowMs: number): From {
    this.nowMs = Math.max(this.nowMs, nowMs)
    const now = this.#now()
    this.#isFull = this.#asked > this.#answered || now >= this.#lookedFullyAt + this.#pauseMs
    this.#askedThen = this.#asked
    this.#freedMs = Number.POSITIVE_INFINITY
    return this.looking
  }

  /** A statement of the look: what it takes counts, and not what lies between two of them, which a budget may stretch. */
  async during<Result>(statement: Promise<Result>): Promise<Result> {
    const sinceMs = this.#now()
    try {
      return await statement
    } finally {
      if (this.#isFull) this.#spentMs += this.#now() - sinceMs
    }
  }

  /** Where the look that goes on goes on. */
  get looking(): From {
    return this.#isFull ? EVERYWHERE : this.#from
  }

  /** The look has come to its end: from `from` on, up to `beforeMs`, these are the earliest due times that nobody has claimed. */
  seen(from: From, till: number | null, elsewhere: number | null, beforeMs = Number.POSITIVE_INFINITY): void {
    const lastMs = Math.min(this.nowMs - LATE_MS, beforeMs - 1)
    const upTo = (fromMs: number, ms: number | null): number => {
      const allClaimedMs = Math.min(ms === null ? lastMs : ms - 1, lastMs)
      return Math.min(Math.max(fromMs, allClaimedMs), this.#freedMs)
    }
    this.#from = { till: upTo(from.till, till), elsewhere: upTo(from.elsewhere, elsewhere) }
    if (!this.#isFull) return
    this.#isFull = false
    this.#answered = this.#askedThen
    this.#lookedFullyAt = this.#now()
    this.#pauseMs = Math.max(FULL_LOOK_MS, this.#spentMs / FULL_LOOK_SHARE)
    this.#spentMs = 0
  }

  /** An order that is due then may be free now. */
  freed(dueAtMs: number): void {
    const beforeMs = dueAtMs - 1
    this.#freedMs = Math.min(this.#freedMs, beforeMs)
    const { till, elsewhere } = this.#from
    this.#from = { till: Math.min(till, beforeMs), elsewhere: Math.min(elsewhere, beforeMs) }
  }

  /** Something may be free that was not: the next look is a full one. */
  lookAgain(): void {
    this.#asked += 1
  }
}

export class Fronts {
  readonly #now: () => number
  readonly #fronts = new Map<string, Front>()

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  of(account: string): Front {
    const known = this.#fronts.get(account)
    if (known !== undefined) return known
    const front = new Front(this.#now)
    this.#fronts.set(account, front)
    return front
  }

  lookAgain(): void {
    for (const front of this.#fronts.values()) front.lookAgain()
  }
}
