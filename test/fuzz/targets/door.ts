import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { CALLBACK_BYTES_MAX, type CallbackReceiver, refusal } from '../../../src/callback/http.ts'
import { nodeCallbacks } from '../../../src/callback/node-http.ts'
import type { Chance } from '../chance.ts'
import { text } from '../hostile.ts'
import { SteppedClock } from '../simulated.ts'
import { must, type Target } from '../target.ts'

export interface DoorParts {
  readonly listen?: typeof nodeCallbacks
}

/** Statuses of the door itself; the others are the receiver's. */
const STATUSES = [200, 401, 405, 408, 413, 415, 500] as const

/** The door of the callbacks: what is handed on is every byte that came, never more than the limit, and never inflated. */
export function doorTarget({ listen = nodeCallbacks }: DoorParts = {}): Target {
  return {
    name: 'door',
    open: () => {
      const clock = new SteppedClock()
      const seen: Array<Parameters<CallbackReceiver>[0]> = []
      const replies = { isBroken: false }
      const answer: CallbackReceiver = async (callback) => {
        seen.push(callback)
        if (replies.isBroken) throw new Error('the receiver is broken')
        return refusal(401, 'not signed')
      }
      const door = listen(answer, { clock, notify: () => {} })
      return {
        run: async (chance) => {
          const sent = sending(chance)
          seen.length = 0
          replies.isBroken = chance.oneIn(30)
          chance.input = { ...sent, chunks: sent.chunks.map((chunk) => chunk.length) }
          const response = new Response()
          door(requestOf(sent), response as unknown as ServerResponse)
          await response.settled(() => clock.step(6_000))
          // What lingers after a refusal ends.
          clock.step(2_000)
          return judged(sent, seen, response)
        },
      }
    },
  }
}

interface Sending {
  readonly method: string
  readonly rawHeaders: readonly string[]
  readonly headers: Readonly<Record<string, string>>
  readonly chunks: readonly Buffer[]
  readonly ends: 'well' | 'aborted' | 'never'
}

function sending(chance: Chance): Sending {
  const rawHeaders = Array.from({ length: 2 * chance.below(4) }, () => text(chance))
  const headers: Record<string, string> = {}
  if (chance.oneIn(5))
    headers['content-encoding'] = chance.pick([
      'gzip',
      'br',
      'identity',
      'Identity ',
      '',
      'identity, gzip',
      'x',
    ])
  if (chance.oneIn(4))
    headers['content-length'] = chance.pick([
      '0',
      '12',
      '65536',
      '65537',
      '-1',
      'NaN',
      '1e9',
      '99999999999999999999',
      ' 5 ',
    ])
  const size = chance.oneIn(30) ? chance.pick([65_535, 65_536, 65_537, 1_000_000]) : chance.below(3_000)
  const parts = chance.oneIn(50) ? 2_000 : chance.between(1, 4)
  const body = Buffer.alloc(size, chance.below(256))
  const step = Math.max(1, Math.ceil(size / parts))
  const chunks = Array.from({ length: Math.ceil(size / step) }, (_, i) =>
    body.subarray(i * step, (i + 1) * step),
  )
  const method = chance.oneIn(8) ? chance.pick(['GET', 'HEAD', 'PUT', 'post', '']) : 'POST'
  const ends = chance.oneIn(12) ? chance.pick(['aborted', 'never'] as const) : 'well'
  return { method, rawHeaders, headers, chunks, ends }
}

function requestOf({ method, rawHeaders, headers, chunks, ends }: Sending): IncomingMessage {
  let next = 0
  const stream = new Readable({
    read() {
      const chunk = chunks[next]
      next += 1
      if (chunk !== undefined) this.push(chunk)
      else if (ends === 'well') this.push(null)
      else if (ends === 'aborted') this.destroy(new Error('aborted'))
    },
  })
  stream.on('error', () => {})
  return Object.assign(stream, { method, rawHeaders, headers }) as unknown as IncomingMessage
}

/** As much of a response as the door touches. */
class Response {
  statusCode = 0
  headersSent = false
  isDestroyed = false
  body = ''
  readonly headers: Record<string, unknown> = {}
  #settle: () => void = () => {}
  readonly #settled = new Promise<void>((resolve) => {
    this.#settle = resolve
  })

  setHeader(name: string, value: unknown): void {
    this.headers[name] = value
  }

  write(chunk: string): void {
    this.headersSent = true
    this.body += chunk
    this.#settle()
  }

  end(chunk = ''): void {
    this.headersSent = true
    this.body += chunk
    this.#settle()
  }

  destroy(): void {
    this.isDestroyed = true
    this.#settle()
  }

  /** A sender who never ends waits until the door's patience is over. */
  async settled(passTime: () => void): Promise<void> {
    for (let turns = 0; turns < 10_000 && !this.headersSent && !this.isDestroyed; turns += 1) {
      await new Promise((resolve) => setImmediate(resolve))
      if (turns === 20) passTime()
    }
    must(this.headersSent || this.isDestroyed, 'nobody was answered')
    await this.#settled
  }
}

function judged(
  sent: Sending,
  seen: ReadonlyArray<Parameters<CallbackReceiver>[0]>,
  response: Response,
): string {
  const body = Buffer.concat(sent.chunks)
  const isPlain = /^\s*(identity)?\s*$/i.test(sent.headers['content-encoding'] ?? '')
  const isFit = sent.method === 'POST' && isPlain && body.length <= CALLBACK_BYTES_MAX && sent.ends === 'well'
  must(seen.length <= 1, 'handed on twice')
  const [handed] = seen
  if (handed !== undefined) {
    must(isFit, 'handed on, and no fit callback')
    must(body.equals(handed.body), 'other bytes were handed on than came')
    must(handed.headers === sent.rawHeaders, 'other headers were handed on than came')
  }
  if (response.isDestroyed) {
    must(sent.ends === 'aborted', 'closed on somebody who was there')
    return 'aborted'
  }
  const { statusCode, body: said } = response
  must(
    STATUSES.some((known) => known === statusCode),
    `status ${statusCode}`,
  )
  must(sent.method === 'HEAD' || JSON.parse(said).code === 'FAIL', () => `the answer is ${said}`)
  return `${statusCode} ${handed === undefined ? 'at the door' : 'handed on'}`
}
