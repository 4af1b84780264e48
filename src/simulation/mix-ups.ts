import type { HttpReply, HttpRequest } from '../gateway/wechatpay/transport.ts'
import type { Chance } from './chance.ts'
import type { Weather } from './wire.ts'

interface Heard {
  readonly path: string
  readonly reply: HttpReply
}

const HEARD_MAX = 200

/** What stands between Verdict and WeChat Pay mixes replies up now and then, to queries only. */
export class MixUps {
  readonly #chance: Chance
  readonly #weather: Weather
  readonly #heard: Heard[] = []
  /** What was said last about each order. */
  readonly #latest = new Map<string, Heard>()

  constructor(chance: Chance, weather: Weather) {
    this.#chance = chance
    this.#weather = weather
  }

  /** What comes in the place of a reply: mostly itself. */
  instead({ method, path }: HttpRequest, reply: HttpReply): HttpReply {
    if (method !== 'GET' || !path.includes('/out-trade-no/')) return reply
    const { unsignedDenial, replayed, swapped } = this.#weather
    if (this.#chance.strikes('unsigned denial', unsignedDenial)) return UNSIGNED_DENIAL
    if (replayed + swapped === 0) return reply
    const instead =
      this.#another('reply replayed', replayed, () => this.#heard.filter((one) => one.path === path)) ??
      this.#another('reply swapped', swapped, () =>
        [...this.#latest.values()].filter((one) => one.path !== path),
      ) ??
      reply
    if (reply.status < 500) this.#hear({ path, reply })
    return instead
  }

  #another(kind: string, probability: number, candidates: () => readonly Heard[]): HttpReply | null {
    if (!this.#chance.happens(probability)) return null
    const heard = candidates()
    if (heard.length === 0 || !this.#chance.strikes(kind, 1)) return null
    return this.#chance.pick(heard).reply
  }

  #hear(heard: Heard): void {
    this.#heard.push(heard)
    this.#latest.set(heard.path, heard)
    if (this.#heard.length > HEARD_MAX) this.#heard.shift()
  }
}

const UNSIGNED_DENIAL: HttpReply = {
  kind: 'reply',
  status: 404,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from('{"code":"ORDER_NOT_EXIST","message":"The order does not exist"}'),
}
