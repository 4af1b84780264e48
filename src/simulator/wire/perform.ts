import { namedRandom } from '../../random.ts'
import { beijingTime } from '../../wechatpay/beijing.ts'
import { encryptResource } from '../../wechatpay/resource.ts'
import type { Customers } from '../customers.ts'
import type { Keys } from '../keys.ts'
import type { RefundEffect } from '../refunding.ts'
import type { Order } from '../truth/order.ts'
import type { Refund } from '../truth/refund.ts'
import type { Effect, World } from '../world.ts'
import { type ApiError, NO_BILL, NO_CERTIFICATE, refusalError } from './api-error.ts'
import { type BillSetting, billOf, billReply } from './bill.ts'
import { acceptanceOf, refundStatementOf, refundsStatementOf } from './refund-statement.ts'
import type { ReplyKeys } from './reply-key.ts'
import type { Unsigned } from './sign-reply.ts'
import { credentialOf, statementOf } from './statement.ts'
import type { Wanted } from './understand.ts'

export interface Performing {
  readonly world: World
  readonly keys: Keys
  readonly replyKeys: ReplyKeys
  readonly seed: number
  readonly customers: Customers
  /** When the bill of a day is there. */
  readonly bills: BillSetting
  readonly nonce: () => string
}

/** Carries out what is wanted, at once and for good, and says what to reply. */
export function perform(wanted: Wanted, performing: Performing): Unsigned {
  const { world } = performing
  switch (wanted.call) {
    case 'certificates':
      return performing.replyKeys.hasCertificate ? ok(certificates(performing)) : errorReply(NO_CERTIFICATE)
    case 'bill': {
      const file = billOf(wanted.asked, performing)
      return file === null ? errorReply(NO_BILL) : billReply(file)
    }
    case 'place':
      return told(world.place(wanted.placing), (order) => ok(placedBody(order, performing)))
    case 'query':
      return told(world.query(wanted.selector), (order) => ok(statementOf(order, world.age)))
    case 'close':
      return told(world.close(wanted.selector), () => DONE)
    case 'reverse':
      return told(world.reverse(wanted.selector), () => DONE)
    case 'refund':
      return toldRefund(world.refund(wanted.selector, wanted.request), (order, one) =>
        ok(acceptanceOf(order, one, world.age)),
      )
    case 'refundQuery':
      return toldRefund(world.queryRefund(wanted.selector), (order, one) =>
        ok(refundStatementOf(order, one, world.age)),
      )
    case 'refundsQuery':
      return told(world.query(wanted.selector), (order) =>
        ok(refundsStatementOf(order, wanted.page, world.age)),
      )
  }
}

const DONE: Unsigned = { status: 204, body: '', number: 0 }

function told({ order, refusal }: Effect, reply: (order: Order) => Unsigned): Unsigned {
  if (refusal) return errorReply(refusalError(refusal))
  if (!order) throw new Error('an effect has an order or a refusal')
  return reply(order)
}

function toldRefund(
  { order, refund, refusal }: RefundEffect,
  reply: (order: Order, refund: Refund) => Unsigned,
): Unsigned {
  if (refusal) return errorReply(refusalError(refusal))
  if (!order || !refund) throw new Error('a refund has an order, or it is a refusal')
  return reply(order, refund)
}

function ok(body: unknown): Unsigned {
  return { status: 200, body: JSON.stringify(body), number: 0 }
}

export function errorReply({ status, number, ...body }: ApiError): Unsigned {
  return { status, body: JSON.stringify(body), number }
}

function placedBody(order: Order, { world, seed, customers }: Performing): unknown {
  if (order.trade_type !== 'MICROPAY') return credentialOf(order, world.age)
  // WeChat Pay's support says that an open Quick Pay may be answered by its state alone; half of the seeded ones are.
  const terse = customers === 'seeded' && namedRandom(seed, 'terse', order.out_trade_no).next() < 0.5
  if (terse && order.life.trade_state === 'USERPAYING') return { trade_state: 'USERPAYING' }
  return statementOf(order, world.age)
}

const NONCE_LENGTH = 12

function certificates({ keys, nonce }: Performing): unknown {
  const encrypt_certificate = encryptResource(keys.apiV3Key, keys.credentials.platformCertificate, {
    nonce: nonce().slice(0, NONCE_LENGTH),
    associated_data: 'certificate',
  })
  return {
    data: [
      {
        serial_no: keys.platformCertificateSerial,
        effective_time: beijingTime(keys.platformFromMs),
        expire_time: beijingTime(keys.platformToMs),
        encrypt_certificate,
      },
    ],
  }
}
