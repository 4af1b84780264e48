import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { type Clock, within } from '../../clock.ts'

export type Probe = Reached | Unreached

export interface Reached {
  readonly kind: 'reached'
  readonly status: number
  /** At most 4 KiB of the body. */
  readonly body: string
  /** The `Date` header, epoch ms; null without one. */
  readonly dateMs: number | null
  readonly askedAtMs: number
  readonly answeredAtMs: number
  /** Each from the end of the one before; null where there was none. */
  readonly dnsMs: number | null
  readonly tcpMs: number
  readonly tlsMs: number | null
  readonly firstByteMs: number
}

export interface Unreached {
  readonly kind: 'unreached'
  /** How far it came. */
  readonly at: 'DNS' | 'TCP' | 'TLS' | 'first byte'
  /** A word such as `ECONNREFUSED`. */
  readonly why: string
}

export interface ProbeRequest {
  readonly url: string
  readonly method: 'GET' | 'POST'
  /** Of type JSON; none for GET. */
  readonly body?: string
}

const PROBE_MS_MAX = 10_000
const BODY_MAX = 4_096

/** One request over a connection of its own, with the time of each step. Follows no redirect. Never rejects. */
export async function probe(request: ProbeRequest, clock: Clock): Promise<Probe> {
  const way = new Way(request, clock)
  const result = await within(clock, PROBE_MS_MAX, way.result)
  way.end()
  return result ?? { kind: 'unreached', at: way.at, why: `no answer within ${PROBE_MS_MAX / 1_000} s` }
}

/** A connection on its way, step by step. */
class Way {
  at: Unreached['at'] = 'TCP'
  readonly result: Promise<Probe>
  readonly #clock: Clock
  readonly #times: { dns: number | null; tcp: number; tls: number | null } = { dns: null, tcp: 0, tls: null }
  readonly #startedAtMs: number
  #stepAtMs: number
  end: () => void = () => {}

  constructor(asked: ProbeRequest, clock: Clock) {
    this.#clock = clock
    this.#startedAtMs = this.#stepAtMs = clock.nowMs()
    this.result = new Promise((resolve) => this.#start(asked, resolve))
  }

  #start({ url, method, body = '' }: ProbeRequest, resolve: (probe: Probe) => void): void {
    const isTls = url.startsWith('https:')
    const headers = {
      'user-agent': 'verdict-pay doctor',
      ...(body !== '' && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    }
    const request = (isTls ? httpsRequest : httpRequest)(url, { method, headers, agent: false })
    this.end = () => request.destroy()
    const hostname = new URL(url).hostname
    if (!/^[\d.]+$|^\[/.test(hostname)) this.at = 'DNS'
    request.once('socket', (socket) => {
      socket.once('lookup', (error: Error | null) => {
        if (error === null) this.#step('dns', 'TCP')
      })
      socket.once('connect', () => this.#step('tcp', isTls ? 'TLS' : 'first byte'))
      if (isTls) socket.once('secureConnect', () => this.#step('tls', 'first byte'))
    })
    request.once('error', (error) => resolve({ kind: 'unreached', at: this.at, why: wordOf(error) }))
    request.once('response', (response) => {
      const firstByteAtMs = this.#clock.nowMs()
      bodyOf(response).then((text) => resolve(this.#reached(response, firstByteAtMs, text)))
    })
    request.end(body)
  }

  #step(step: 'dns' | 'tcp' | 'tls', next: Unreached['at']): void {
    const nowMs = this.#clock.nowMs()
    this.#times[step] = nowMs - this.#stepAtMs
    this.#stepAtMs = nowMs
    this.at = next
  }

  #reached({ statusCode = 0, headers }: IncomingMessage, firstByteAtMs: number, body: string): Reached {
    const dateMs = Date.parse(headers.date ?? '')
    return {
      kind: 'reached',
      status: statusCode,
      body,
      dateMs: Number.isNaN(dateMs) ? null : dateMs,
      askedAtMs: this.#startedAtMs,
      answeredAtMs: firstByteAtMs,
      dnsMs: this.#times.dns,
      tcpMs: this.#times.tcp,
      tlsMs: this.#times.tls,
      firstByteMs: firstByteAtMs - this.#stepAtMs,
    }
  }
}

/** What there is of it: a body that breaks off is told as far as it came. */
async function bodyOf(response: IncomingMessage): Promise<string> {
  let text = ''
  try {
    for await (const part of response.setEncoding('utf8')) {
      text += part
      if (text.length >= BODY_MAX) break
    }
  } catch {}
  return text.slice(0, BODY_MAX)
}

function wordOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException
  return code ?? error.message
}
