import type { Chance } from './chance.ts'
import { jsonValue, text } from './hostile.ts'
import { bentBytes, bentHeaders, bentJson, bentText, reshaped } from './mutate.ts'
import { refund, STATES, saying, stringified, trade } from './paid.ts'
import { API_V3_KEY, envelope, type Message, OTHER_API_V3_KEY, type Seal, seconds } from './wechat-pay.ts'

/** Callbacks, from genuine ones to pure noise. */
export interface Letter {
  readonly message: Message
  /** What is sealed in the body with our APIv3 key; null if nothing is. */
  readonly said: string | null
}

/** Letters that are signed already: a signature costs ten times what its verification costs. */
const pools = new WeakMap<Seal, Letter[]>()
const POOL_MAX = 64

export function letter(chance: Chance, seal: Seal): Letter {
  const kind = chance.below(16)
  if (kind === 0) return { message: { headers: noise(chance), body: Buffer.from(text(chance)) }, said: null }
  if (kind === 1 && chance.oneIn(3)) return { message: signedNonsense(chance, seal), said: null }
  const genuine = pooled(chance, seal)
  // As it is, once in a while: a receiver that refuses everything would pass every other test.
  if (kind === 2) return genuine
  const { headers, body } = genuine.message
  const bent: Message = {
    headers: kind % 3 === 0 ? headers : bentHeaders(chance, headers),
    body: kind % 3 === 1 ? body : bentBody(chance, body),
  }
  return { ...genuine, message: bent }
}

/** From a pool that is filled as the block goes on. */
function pooled(chance: Chance, seal: Seal): Letter {
  const pool = pools.get(seal) ?? []
  pools.set(seal, pool)
  const at = chance.below(POOL_MAX)
  const known = pool[at]
  if (known !== undefined && !chance.oneIn(40)) return known
  const made = genuineLetter(chance, seal)
  pool[at] = made
  return made
}

function genuineLetter(chance: Chance, seal: Seal): Letter {
  const mode = chance.pick(['common', 'institutional'] as const)
  const isRefund = chance.oneIn(4)
  const about = isRefund ? refund(mode) : trade(mode, chance.oneIn(3) ? chance.pick(STATES) : 'SUCCESS')
  // As UTF-8 can hold it: half of a character becomes another one.
  const said = saying(chance, about).toWellFormed()
  const event_type = chance.oneIn(8)
    ? jsonValue(chance)
    : isRefund
      ? chance.pick(['REFUND.SUCCESS', 'REFUND.ABNORMAL', 'REFUND.CLOSED'])
      : 'TRANSACTION.SUCCESS'
  const key = chance.oneIn(10) ? OTHER_API_V3_KEY : API_V3_KEY
  const nonce = chance.oneIn(10) ? text(chance).slice(0, 24) || 'n' : 'aaaaaaaaaaaa'
  const sealed = envelope(said, {
    event_type,
    key,
    nonce,
    associated_data: chance.pick(['transaction', '', 'refund']),
  })
  const isBent = chance.oneIn(4)
  const json = stringified(isBent ? reshaped(chance, sealed) : sealed)
  const body = chance.oneIn(10) ? bentJson(chance, json) : json
  const message = seal.sign(Buffer.from(body), {
    timestamp: chance.oneIn(5) ? timestamp(chance) : seconds(0),
    nonce: chance.oneIn(10) ? text(chance) : 'n1',
  })
  return { message, said: key === API_V3_KEY ? said : null }
}

function timestamp(chance: Chance): string {
  return chance.oneIn(3)
    ? text(chance)
    : seconds(chance.pick([-299, -300, -301, 299, 300, 301, -86_400, 10 ** 9]))
}

/** Rightly signed, and no callback at all. */
function signedNonsense(chance: Chance, seal: Seal): Message {
  return seal.sign(bentBytes(chance, Buffer.from(stringified(jsonValue(chance)))))
}

function bentBody(chance: Chance, body: Uint8Array): Uint8Array {
  if (chance.oneIn(200)) return Buffer.alloc(chance.pick([65_535, 65_536, 65_537, 200_000]), 32)
  if (chance.oneIn(2)) return bentBytes(chance, body)
  const genuine = Buffer.from(body).toString()
  return Buffer.from(chance.oneIn(2) ? bentJson(chance, genuine) : bentEnvelope(chance, genuine))
}

function bentEnvelope(chance: Chance, genuine: string): string {
  try {
    const json: unknown = JSON.parse(genuine)
    return stringified(reshaped(chance, json))
  } catch {
    return bentText(chance, genuine)
  }
}

function noise(chance: Chance): string[] {
  return Array.from({ length: chance.below(12) }, () => text(chance))
}
