import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'

/** What RSA-2048 costs on two cores that do nothing else, and how that was measured. */
export interface SignRate {
  /** Signatures of both cores. */
  readonly perSecond: number
  readonly by: string
  /** µs of CPU in one, with both cores at it: others on the machine change it little, unlike the rate. */
  readonly signUs: number
  readonly verifyUs: number
}

const SECONDS = 3
const CPU_SECONDS = 1.5
const run = promisify(execFile)

/** `openssl speed -multi 2 rsa2048`; without openssl, two worker threads that sign synchronously. */
export async function signRate(): Promise<SignRate> {
  const key = String(
    generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
  )
  const sign = await busy(key, 'sign')
  const verify = await busy(key, 'verify')
  const cpu = { signUs: sign.cpuUs, verifyUs: verify.cpuUs }
  const perSecond = await opensslRate()
  if (perSecond !== null) return { perSecond, by: 'openssl speed -multi 2 rsa2048', ...cpu }
  return { perSecond: sign.perSecond, by: 'two worker threads, node:crypto', ...cpu }
}

/** Null where there is no openssl. */
async function opensslRate(): Promise<number | null> {
  try {
    const args = ['speed', '-multi', '2', '-seconds', String(SECONDS), 'rsa2048']
    const { stdout } = await run('openssl', args)
    const rate = Number(/^rsa\s+2048 bits\s+\S+\s+\S+\s+([\d.]+)/m.exec(stdout)?.[1])
    return rate > 0 ? rate : null
  } catch {
    return null
  }
}

interface Busy {
  readonly perSecond: number
  readonly cpuUs: number
}

/** Two threads at it at once; this one sleeps. */
async function busy(key: string, what: 'sign' | 'verify'): Promise<Busy> {
  const threads = await Promise.all([thread(key, what), thread(key, what)])
  const count = threads.reduce((sum, one) => sum + one.count, 0)
  const cpuUs = threads.reduce((sum, one) => sum + one.cpuUs, 0)
  return { perSecond: count / CPU_SECONDS, cpuUs: cpuUs / count }
}

function thread(key: string, what: 'sign' | 'verify'): Promise<{ count: number; cpuUs: number }> {
  const code = `
    const { parentPort, workerData } = require('node:worker_threads')
    const { createPrivateKey, createPublicKey, sign, verify } = require('node:crypto')
    const key = createPrivateKey(workerData), publicKey = createPublicKey(key), message = Buffer.alloc(220, 'a')
    const signature = sign('RSA-SHA256', message, key)
    const work = { sign: () => sign('RSA-SHA256', message, key), verify: () => verify('RSA-SHA256', message, publicKey, signature) }
    let count = 0
    const from = process.threadCpuUsage()
    for (const until = Date.now() + ${CPU_SECONDS * 1000}; Date.now() < until; count++) work.${what}()
    const { user, system } = process.threadCpuUsage(from)
    parentPort.postMessage({ count, cpuUs: user + system })`
  return new Promise((resolve, reject) => {
    new Worker(code, { eval: true, workerData: key }).on('message', resolve).on('error', reject)
  })
}
