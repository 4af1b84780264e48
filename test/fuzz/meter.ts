import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

export interface Measured {
  readonly ms: number
  readonly casesPerSecond: number
  /** CPU time of the slowest case, ms; known defects left out. */
  readonly slowestMs: number
  /** How much more the heap and what it holds outside (buffers) take after the last block than after the first, collected. */
  readonly heapGrowthBytes: number
  readonly blocks: number
  /** All memory of the process after the blocks, at its most. */
  readonly rssBytesMax: number
}

/** What a run costs: time by case, memory by block. */
export class Meter {
  readonly #beganMs = performance.now()
  #caseBeganUs = 0
  #caseMs = 0
  #cases = 0
  #slowestMs = 0
  #blocks = 0
  #firstHeapBytes = 0
  #lastHeapBytes = 0
  #rssBytesMax = 0

  caseBegins(): void {
    this.#caseBeganUs = cpuUs()
  }

  caseEnds(): number {
    this.#caseMs = (cpuUs() - this.#caseBeganUs) / 1_000
    this.#cases += 1
    return this.#caseMs
  }

  /** The case that has just ended is none of the known defects: it may be the slowest. */
  caseCounts(): void {
    this.#slowestMs = Math.max(this.#slowestMs, this.#caseMs)
  }

  blockDone(): void {
    this.#blocks += 1
    this.#lastHeapBytes = heapBytes()
    this.#rssBytesMax = Math.max(this.#rssBytesMax, process.memoryUsage.rss())
    if (this.#blocks === 1) this.#firstHeapBytes = this.#lastHeapBytes
  }

  get measured(): Measured {
    const ms = performance.now() - this.#beganMs
    return {
      ms: Math.round(ms),
      casesPerSecond: Math.round((this.#cases / ms) * 1_000),
      slowestMs: Math.round(this.#slowestMs * 10) / 10,
      heapGrowthBytes: this.#lastHeapBytes - this.#firstHeapBytes,
      blocks: this.#blocks,
      rssBytesMax: this.#rssBytesMax,
    }
  }
}

/** Of this thread: what other processes do on the machine doesn't make a case slow. */
function cpuUs(): number {
  const { user, system } = process.threadCpuUsage()
  return user + system
}

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

function heapBytes(): number {
  // Twice: what buffers hold is given back only after the first.
  collect()
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
