import { createServer } from 'node:http'
import { nodeCallbacks } from '../../../src/callback/node-http.ts'
import { type Desk, receiver } from '../../../src/callback/receiver.ts'
import { type Clock, systemClock } from '../../../src/clock.ts'
import type { VerifiedCallback } from '../../../src/gateway/gateway.ts'
import { type GlobalV3Gateway, globalV3Gateway } from '../../../src/gateway/wechatpay/global-v3.ts'
import { undiciTransport } from '../../../src/gateway/wechatpay/undici-transport.ts'
import { listen } from '../../../src/simulator/wire/server.ts'
import type { VerifySignature } from '../../../src/wechatpay/signing.ts'
import type { Chance } from '../chance.ts'
import { letter } from '../letters.ts'
import { order } from '../paid.ts'
import { rawMessage } from '../raw-http.ts'
import { replyFor } from '../replies.ts'
import { openSimulator, pathOf, signedRequest } from '../simulated.ts'
import { exchange, listening, rawServer } from '../sockets.ts'
import { must, type Target } from '../target.ts'
import { COMMON, NO_SIGNER, Seal, STILL } from '../wechat-pay.ts'

export interface WireParts {
  readonly verifySignature?: VerifySignature
}

/**
 * The same over real sockets: replies into undici, callbacks into Node's server, requests into the simulator's. Where the
 * network cuts the bytes is not ours to say, so here a seed gives the same bytes and almost always the same outcome.
 */
export function wireTarget(parts: WireParts = {}): Target {
  return { name: 'wire', open: () => openWire(parts) }
}

/** Somebody who sends on after a refusal is heard for a second, of real time. */
const LINGERING: Clock = { nowMs: STILL.nowMs, after: systemClock.after }

async function openWire({ verifySignature }: WireParts) {
  const seal = new Seal()
  const desk = new Witness(seal)
  let reply: Uint8Array = Buffer.alloc(0)
  const replies = await rawServer(() => reply)
  const transport = undiciTransport({ clock: STILL })
  const more = {
    clock: STILL,
    signer: NO_SIGNER,
    nonces: () => 'n',
    ...(verifySignature && { verifySignature }),
  }
  const account = { ...COMMON, baseUrl: `http://127.0.0.1:${replies.port}` }
  const gateway = globalV3Gateway({ ...more, account, transport })
  const answer = receiver({ accounts: new Map([[COMMON.mchid, gateway]]), desk, clock: STILL })
  const callbacks = await listening(
    createServer(nodeCallbacks(answer, { clock: LINGERING, notify: () => {} })),
  )
  const simulator = openSimulator(STILL)
  const simulated = await listen({
    address: '127.0.0.1',
    port: 0,
    host: 'primary',
    clock: STILL,
    handle: (request) => simulator.handle(request),
  })
  return {
    run: (chance: Chance): Promise<string> => {
      switch (chance.below(3)) {
        case 0: {
          reply = rawReply(chance, seal)
          chance.input = reply.toString()
          return asked(gateway, seal)
        }
        case 1:
          return called(chance, desk, callbacks.port, seal)
        default:
          return requested(chance, simulated.port)
      }
    },
    close: async () => {
      await gateway.end()
      await Promise.all([replies.close(), callbacks.close(), simulated.close()])
      simulator.close()
    },
  }
}

function rawReply(chance: Chance, seal: Seal): Buffer {
  const { status, message, body } = replyFor(chance, seal, 'common')
  return rawMessage(chance, `HTTP/1.1 ${status} OK`, message.headers, body ?? Buffer.from('x'))
}

async function asked(gateway: GlobalV3Gateway, seal: Seal): Promise<string> {
  const outcome = await gateway.query(order())
  if (outcome.kind === 'no-answer') return `reply ${outcome.reason}`
  must(seal.made(outcome.evidence), `${outcome.kind} for a reply that WeChat Pay did not sign`)
  return `reply ${outcome.kind}`
}

async function called(chance: Chance, desk: Witness, port: number, seal: Seal): Promise<string> {
  const { message } = letter(chance, seal)
  const bytes = rawMessage(
    chance,
    `${chance.oneIn(12) ? 'PUT' : 'POST'} /callbacks HTTP/1.1`,
    message.headers,
    message.body,
  )
  chance.input = bytes.toString('latin1')
  desk.received = 0
  const heard = await exchange(port, bytes)
  must(desk.forged === 0, 'a callback that WeChat Pay did not sign reached the desk')
  const statuses = [...heard.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => status)
  must(!statuses.includes('204') || desk.received > 0, 'received was answered, and nothing was')
  return `callback ${statuses.slice(0, 2).join(' ') || 'closed'}`
}

async function requested(chance: Chance, port: number): Promise<string> {
  const mode = chance.pick(['common', 'institutional'] as const)
  const isGet = chance.oneIn(2)
  const call = isGet
    ? { method: 'GET', url: pathOf(chance, mode, 'A1'), body: '' }
    : { method: 'POST', url: '/v3/global/transactions/native', body: '{"mchid":"1900000001"}' }
  const { headers } = signedRequest(mode, call)
  const flat = Object.entries(headers).flatMap(([name, value]) => [name, value ?? ''])
  const bytes = rawMessage(chance, `${call.method} ${call.url} HTTP/1.1`, flat, Buffer.from(call.body))
  chance.input = bytes.toString('latin1')
  const heard = await exchange(port, bytes)
  must(!heard.includes('SIMULATOR_BROKEN'), () => `the simulator broke: ${heard.slice(0, 300)}`)
  return `request ${/^HTTP\/1\.1 (\d+)/.exec(heard)?.[1] ?? 'closed'}`
}

class Witness implements Desk {
  received = 0
  forged = 0
  readonly #seal: Seal

  constructor(seal: Seal) {
    this.#seal = seal
  }

  async receive(_: string, { evidence }: VerifiedCallback): Promise<{ readonly kind: 'applied' }> {
    this.received += 1
    if (!this.#seal.made(evidence)) this.forged += 1
    return { kind: 'applied' }
  }

  async hint(): Promise<boolean> {
    return false
  }

  count(): void {}
  notify(): void {}
}
