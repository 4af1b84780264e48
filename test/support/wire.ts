import { createHash } from 'node:crypto'
import type { Clock } from '../../src/clock.ts'
import type { Signer } from '../../src/gateway/wechatpay/signer.ts'
import type { HttpRequest, HttpResult, Transport } from '../../src/gateway/wechatpay/transport.ts'
import type { SimulatorCore, SimulatorSettings, WireReply } from '../../src/simulator/index.ts'
import { signMessage } from '../../src/wechatpay/signing.ts'

/** A signature that costs nothing: the simulator believes it, and nobody else would. */
const cheap = (message: string): string => createHash('sha256').update(message).digest('base64')

export const cheapSigner: Signer = { sign: async (message) => cheap(message), signNow: cheap }

type Cryptography = NonNullable<SimulatorSettings['cryptography']>

/**
 * Replies are really signed, because the gateway really verifies; but at once, not on the thread pool, which knows no
 * virtual clock.
 */
export function cryptographyOf(keys: SimulatorCore['keys']): Cryptography {
  return {
    sign: async (key, message) =>
      signMessage(key === 'public_key' ? keys.wechatpayKey : keys.platformKey, message),
    verifyCaller: (message, signature) => signature === cheap(message),
  }
}

/** The simulator at the other end of a wire without sockets, with a real wire's time limits. */
export function wireTo(simulator: Pick<SimulatorCore, 'handle'>, clock: Clock, latencyMs = 0): Transport {
  return async (request) => {
    if (latencyMs > 0) await new Promise<void>((resolve) => clock.after(latencyMs, resolve))
    const { method, path: url, headers, body } = request
    const answer = simulator.handle({ method, url, headers: named(headers), body, host: hostOf(request) })
    return inTime(
      answer.then((reply): HttpResult | null => {
        if (!('connection' in reply)) return httpReply(reply)
        return reply.connection === 'reset' ? BROKEN : null
      }),
      clock,
      request.readTimeoutMs,
    )
  }
}

export const BACKUP_URL = 'http://backup.localhost'

const BROKEN: HttpResult = { kind: 'failure', reason: 'reset', sent: true, detail: 'ECONNRESET' }
const SILENT: HttpResult = { kind: 'failure', reason: 'timeout', sent: true, detail: 'no reply' }

/** Null is a connection that stays silent. */
function inTime(answer: Promise<HttpResult | null>, clock: Clock, waitMs: number): Promise<HttpResult> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(waitMs, () => resolve(SILENT))
    answer.then((result) => {
      if (result === null) return
      cancel()
      resolve(result)
    }, reject)
  })
}

function hostOf({ origin }: HttpRequest): 'primary' | 'backup' {
  return origin === BACKUP_URL ? 'backup' : 'primary'
}

function named(headers: readonly string[]): Record<string, string> {
  const pairs: Array<[string, string]> = []
  for (let i = 0; i + 1 < headers.length; i += 2) {
    pairs.push([headers[i]?.toLowerCase() ?? '', headers[i + 1] ?? ''])
  }
  return Object.fromEntries(pairs)
}

function httpReply({ status, headers, body }: WireReply): HttpResult {
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])
  return { kind: 'reply', status, headers: Object.fromEntries(lower), body: Buffer.from(body) }
}
