import { Agent, request } from 'undici'

export type SendResult = { readonly status: number } | { readonly failure: string }

/**
 * Posts one callback. Resolves with the status when the answer has come, or says in a word why none came; the signal
 * tells that nobody waits any longer.
 */
export type SendCallback = (
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
) => Promise<SendResult>

const CONNECTIONS_MAX = 64

/** Over HTTP: to that address alone, redirects and proxies are not followed. A connection for each callback. */
export function sendByHttp(): SendCallback {
  let agent: Agent | undefined
  return async (url, headers, body, signal) => {
    // Kept alive, connections would meet a receiver that was restarted meanwhile.
    agent ??= new Agent({ connections: CONNECTIONS_MAX, pipelining: 0 })
    try {
      const reply = await request(url, { method: 'POST', headers, body, signal, dispatcher: agent })
      await reply.body.dump()
      return { status: reply.statusCode }
    } catch (error) {
      return { failure: reason(error) }
    }
  }
}

function reason(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error)
  return 'code' in error ? String(error.code) : String(error)
}
