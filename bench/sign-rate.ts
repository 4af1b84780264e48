import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'

/** How many RSA-2048 signatures and verifications two cores make if they do nothing else, and how that was measured. */
export interface SignRate {
  readonly perSecond: number
  readonly verifiesPerSecond: number
  readonly by: string
}

const SECONDS = 3
const run = promisify(execFile)

/** `openssl speed -multi 2 rsa2048`; without openssl, two worker threads that sign synchronously. */
export async function signRate(): Promise<SignRate> {
  try {
    const { stdout } = await run('openssl', ['speed', '-multi', '2', '-seconds', String(SECONDS), 'rsa2048'])
    const rates = /^rsa\s+2048 bits\s+\S+\s+\S+\s+([\d.]+)\s+([\d.]+)/m.exec(stdout)
    const [perSecond, verifiesPerSecond] = [Number(rates?.[1]), Number(rates?.[2])]
    if (perSecond > 0 && verifiesPerSecond > 0)
      return { perSecond, verifiesPerSecond, by: 'openssl speed -multi 2 rsa2048' }
  } catch {
    // There is no openssl here: measured below, and said so.
  }
  const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  })
  const rateOf = async (what: 'sign' | 'verify'): Promise<number> => {
    const counts = await Promise.all([busy(String(key), what), busy(String(key), what)])
    return counts.reduce((a, b) => a + b, 0) / SECONDS
  }
  const by = 'two worker threads, node:crypto'
  return { perSecond: await rateOf('sign'), verifiesPerSecond: await rateOf('verify'), by }
}

function busy(key: string, what: 'sign' | 'verify'): Promise<number> {
  const code = `
    const { parentPort, workerData } = require('node:worker_threads')
    const { createPrivateKey, createPublicKey, sign, verify } = require('node:crypto')
    const key = createPrivateKey(workerData), publicKey = createPublicKey(key), message = Buffer.alloc(220, 'a')
    const signature = sign('RSA-SHA256', message, key)
    const work = { sign: () => sign('RSA-SHA256', message, key), verify: () => verify('RSA-SHA256', message, publicKey, signature) }
    let count = 0
    for (const until = Date.now() + ${SECONDS * 1000}; Date.now() < until; count++) work.${what}()
    parentPort.postMessage(count)`
  return new Promise((resolve, reject) => {
    new Worker(code, { eval: true, workerData: key }).on('message', resolve).on('error', reject)
  })
}
