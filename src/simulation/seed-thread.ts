import { parentPort, workerData } from 'node:worker_threads'
import { simulationCredentials } from './credentials.ts'
import { macCryptography, rsaCryptography } from './cryptography.ts'
import { runSeed, type SeedResult } from './run-seed.ts'

/** A thread that runs one seed after the other, as it is told. */
export interface SeedThreadData {
  readonly orders: number
}

/** What came of a seed; its trace is made again by whoever wants to read it. */
export type SeedReport = Omit<SeedResult, 'trace'>

// A refusal is an everyday thing here, and nobody looks where it came from: a replay tells.
Error.stackTraceLimit = 0

const { orders } = workerData as SeedThreadData
const credentials = await simulationCredentials()
const [mac, rsa] = [macCryptography(credentials), rsaCryptography(credentials)]

parentPort?.on('message', async (seed: number) => {
  const { trace: _, ...report } = await runSeed({ seed, orders, credentials, mac, rsa })
  parentPort?.postMessage(report satisfies SeedReport)
})
