import { simulationCredentials } from '../../src/simulation/credentials.ts'
import { macCryptography, rsaCryptography } from '../../src/simulation/cryptography.ts'
import type { RunOptions } from '../../src/simulation/run-seed.ts'

let made: Promise<Omit<RunOptions, 'seed' | 'orders'>> | null = null

/** What every run of a seed needs beside its number; keys are drawn once for a file of tests. */
export async function running(seed: number, orders = 50): Promise<RunOptions> {
  made ??= simulationCredentials().then((credentials) => ({
    credentials,
    mac: macCryptography(credentials),
    rsa: rsaCryptography(credentials),
  }))
  return { ...(await made), seed, orders }
}
