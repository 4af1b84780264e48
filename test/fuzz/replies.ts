import type { Chance } from './chance.ts'
import { jsonValue, text } from './hostile.ts'
import { bentBytes, bentHeaders, bentJson } from './mutate.ts'
import { refund, STATES, saying, trade } from './paid.ts'
import { type Message, type Seal, seconds } from './wechat-pay.ts'

/** Replies of WeChat Pay, from genuine ones to pure noise. */
export interface Reply {
  readonly status: number
  readonly message: Message
  /** Null: too long, or compressed in a way that can't be undone. */
  readonly body: Uint8Array | null
}

interface Genuine {
  readonly status: number
  readonly message: Message
}

const STATUSES = [
  200, 200, 200, 204, 202, 301, 400, 400, 401, 403, 404, 404, 408, 429, 500, 502, 503, 100, 199, 299, 600,
] as const

const pools = new WeakMap<Seal, Genuine[]>()
const POOL_MAX = 96

export function replyFor(chance: Chance, seal: Seal, mode: 'common' | 'institutional'): Reply {
  const genuine = pooled(chance, seal, mode)
  const { headers, body } = genuine.message
  const status = chance.oneIn(4) ? chance.pick(STATUSES) : genuine.status
  switch (chance.below(8)) {
    case 0:
      return { status, message: { headers: noise(chance), body }, body: Buffer.from(text(chance)) }
    case 1:
    case 2:
      return { ...genuine, body }
    case 3:
      return { status, message: genuine.message, body: chance.oneIn(4) ? null : bentBytes(chance, body) }
    case 4:
      return { status, message: { headers: bentHeaders(chance, headers), body }, body }
    case 5:
      // A signature of WeChat Pay's, and over something else.
      return { status, message: genuine.message, body: pooled(chance, seal, mode).message.body }
    case 6:
      return {
        status,
        message: { headers: bentHeaders(chance, headers), body },
        body: bentBytes(chance, body),
      }
    default:
      return { status, message: { headers: [], body }, body }
  }
}

function pooled(chance: Chance, seal: Seal, mode: 'common' | 'institutional'): Genuine {
  const pool = pools.get(seal) ?? []
  pools.set(seal, pool)
  const at = 2 * chance.below(POOL_MAX / 2) + (mode === 'common' ? 0 : 1)
  const known = pool[at]
  if (known !== undefined && !chance.oneIn(30)) return known
  const made = genuineReply(chance, seal, mode)
  pool[at] = made
  return made
}

function genuineReply(chance: Chance, seal: Seal, mode: 'common' | 'institutional'): Genuine {
  const { status, said } = statement(chance, mode)
  const body = chance.oneIn(12) ? bentBytes(chance, Buffer.from(said)) : Buffer.from(said)
  const message = seal.sign(body, {
    timestamp: chance.oneIn(6)
      ? chance.oneIn(3)
        ? text(chance)
        : seconds(chance.pick([-299, -300, -301, 299, 300, 301, 10 ** 10]))
      : seconds(0),
    nonce: chance.oneIn(12) ? text(chance) : 'n1',
  })
  return { status, message }
}

function statement(chance: Chance, mode: 'common' | 'institutional'): { status: number; said: string } {
  switch (chance.below(8)) {
    case 0:
      return { status: 204, said: chance.oneIn(4) ? text(chance) : '' }
    case 1: {
      const refusal = {
        code: chance.oneIn(3) ? jsonValue(chance) : chance.pick(CODES),
        message: jsonValue(chance),
      }
      return { status: chance.pick([400, 403, 404]), said: saying(chance, refusal) }
    }
    case 2:
      return { status: 200, said: saying(chance, { [chance.pick(CREDENTIALS)]: 'weixin://wxpay/1' }) }
    case 3:
      return {
        status: 200,
        said: saying(chance, refund(mode, chance.pick(['SUCCESS', 'PROCESSING', 'ABNORMAL', 'CLOSED']))),
      }
    case 4: {
      const page = { ...trade(mode), total_num: chance.below(3), data: [refund(mode)] }
      return { status: 200, said: saying(chance, page) }
    }
    case 5:
      return { status: 200, said: bentJson(chance, JSON.stringify(trade(mode, chance.pick(STATES)))) }
    default:
      return { status: 200, said: saying(chance, trade(mode, chance.pick(STATES))) }
  }
}

const CODES = [
  'ORDER_NOT_EXIST',
  'ORDERPAID',
  'ORDER_CLOSED',
  'PARAM_ERROR',
  'SYSTEM_ERROR',
  'RULE_LIMIT',
  'toString',
] as const
const CREDENTIALS = ['code_url', 'prepay_id', 'mweb_url'] as const

function noise(chance: Chance): string[] {
  return Array.from({ length: chance.below(12) }, () => text(chance))
}
