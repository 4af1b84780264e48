import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'

/** How many RSA-2048 signatures two cores make if they do nothing else, and how that was measured. */
export interface SignRate {
  readonly perSecond: number
  readonly by: string
}

const SECONDS = 3
const run = promisify(execFile)

/** `openssl speed -multi 2 rsa2048`; without openssl, two worker threads that sign synchronously. */
export async function signRate(): Promise<SignRate> {
  try {
    const { stdout } = await run('openssl', ['speed', '-multi', '2', '-seconds', String(SECONDS), 'rsa2048'])
    const perSecond = Number(/^rsa\s+2048 bits\s+\S+\s+\S+\s+([\d.]+)/m.exec(stdout)?.[1])
    if (perSecond > 0) return { perSecond, by: 'openssl speed -multi 2 rsa2048' }
  } catch {
    // There is no openssl here: measured below, and said so.
  }
  const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' })
  const counts = await Promise.all([signing(String(key)), signing(String(key))])
  return { perSecond: counts.reduce((a, b) => a + b, 0) / SECONDS, by: 'two worker threads, node:crypto' }
}

function signing(key: string): Promise<number> {
  const code = `
    const { parentPort, workerData } = require('node:worker_threads')
    const { createPrivateKey, sign } = require('node:crypto')
    const key = createPrivateKey(workerData), message = Buffer.alloc(200, 'a')
    let count = 0
    for (const until = Date.now() + ${SECONDS * 1000}; Date.now() < until; count++) sign('RSA-SHA256', message, key)
    parentPort.postMessage(count)`
  return new Promise((resolve, reject) => {
    new Worker(code, { eval: true, workerData: key }).on('message', resolve).on('error', reject)
  })
}
