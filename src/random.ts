import { hash, randomFillSync } from 'node:crypto'

/** The only source of chance that influences behaviour. `next()` lies in [0, 1). */
export interface Random {
  next(): number
}

export const systemRandom: Random = { next: () => Math.random() }

/** The same numbers for the same seed, for ever (mulberry32). Good for schedules and simulations, never for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0
      let mixed = Math.imul(state ^ (state >>> 15), state | 1)
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
    },
  }
}

/**
 * A source of chance of its own for every name under one seed: what is drawn for one order doesn't depend on when the
 * others were drawn, so a seed gives the same customers and faults however the calls interleave.
 */
export function namedRandom(seed: number, ...names: ReadonlyArray<string | number>): Random {
  const digest = hash('sha256', JSON.stringify([seed, ...names]), 'buffer')
  return seededRandom(digest.readUInt32LE(0))
}

const NONCE_ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789ABCDEF'
const NONCE_LENGTH = 32
const NONCES_AT_ONCE = 256

/** Nonces of 32 letters and digits from the system's secure generator, drawn many at a time. */
export function secureNonces(): () => string {
  const pool = Buffer.allocUnsafe(NONCE_LENGTH * NONCES_AT_ONCE)
  let used = pool.length
  return () => {
    if (used === pool.length) {
      randomFillSync(pool)
      for (let i = 0; i < pool.length; i++) pool[i] = NONCE_ALPHABET.charCodeAt((pool[i] ?? 0) & 63)
      used = 0
    }
    used += NONCE_LENGTH
    return pool.toString('latin1', used - NONCE_LENGTH, used)
  }
}
