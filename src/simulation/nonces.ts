import { createHash } from 'node:crypto'

/** 32 letters and digits, another each time, the same for the same seed. */
export function nonceSource(seed: number, owner: string): () => string {
  const prefix = createHash('sha256').update(`${seed} ${owner}`).digest('hex').slice(0, 22).toUpperCase()
  let nth = 0
  return () => {
    nth += 1
    // The counter first: the simulator cuts nonces for its encryption from the front.
    return `${nth.toString(36).padStart(10, '0')}${prefix}`
  }
}
