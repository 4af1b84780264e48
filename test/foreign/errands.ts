import type { Kind, PlaceParameters, TrackParameters } from '../../src/index.ts'
import { Luck } from './chance.ts'
import type { OtherWechatPay } from './other-wechat-pay.ts'
import type { Errand, Plan, PlannedRefund } from './shop.ts'
import { type Merchant, ownerOf } from './wish.ts'

/** Who comes to the market, and what they want. */
export interface Coming {
  readonly seed: number
  /** Simulated time in which all customers come. */
  readonly comingMs: number
}

const KINDS: readonly [Kind, ...Kind[]] = [
  'quick_pay',
  'quick_pay',
  'quick_pay',
  'native',
  'jsapi',
  'mini_program',
  'app',
  'h5',
]
export function notifyUrl(port: number, who: string): string {
  return `http://127.0.0.1:${port}/notify/${who}`
}

export function errandOf(
  day: Coming,
  i: number,
  { startMs, port }: { readonly startMs: number; readonly port: number },
): Errand {
  const luck = new Luck(day.seed, 'errand', i)
  const kind = luck.pick(KINDS)
  const common = luck.chance(0.5)
  const atMs = Math.round(startMs + 2_000 + luck.between(0, day.comingMs))
  const out_trade_no = `F${day.seed}-${i}${luck.pick(['', '', '_a', '|b', '*c', '-d'])}`
  const account = common ? '1900009191' : '1900009292'
  const amount = { total: Math.ceil(luck.between(1, 90_000)), currency: 'HKD' }
  const giveUpAtMs = luck.chance(0.12) ? Math.round(atMs + luck.between(1_000, 90_000)) : null
  if (luck.chance(0.08)) {
    const track: TrackParameters = { out_trade_no, account, kind, amount, end: true }
    // A tracked order's window would last a quarter of an hour.
    const giveUpLaterAtMs = Math.round(atMs + luck.between(50_000, 250_000))
    return {
      atMs: atMs + 5_000,
      track,
      giveUpAtMs: giveUpLaterAtMs,
      refunds: refundsOf(day, i, amount.total),
    }
  }
  const quick = kind === 'quick_pay'
  const openid = common
    ? { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' }
    : { sp_openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' }
  const auth_code = `13${String(1e15 + i + day.seed * 1e6).slice(0, 16)}`
  const place: PlaceParameters = {
    out_trade_no,
    account,
    kind,
    amount,
    description: '两杯咖啡, two coffees',
    ...(luck.chance(0.5) && { attach: 'till 7' }),
    ...(quick && { payer: { auth_code } }),
    ...(!quick && luck.chance(0.5) && { notify_url: notifyUrl(port, 'own') }),
    ...((kind === 'jsapi' || kind === 'mini_program') && { payer: openid }),
    ...(kind === 'h5' && { scene_info: H5_SCENE }),
    ...(!quick && { time_expire: new Date(atMs + luck.between(90_000, 300_000)).toISOString() }),
  }
  return { atMs, place, giveUpAtMs, refunds: refundsOf(day, i, amount.total) }
}

/** A third of all customers bring something back. */
function refundsOf(day: Coming, i: number, total: number): readonly PlannedRefund[] {
  const luck = new Luck(day.seed, 'brings back', i)
  if (!luck.chance(0.35)) return []
  const part = Math.max(1, Math.floor(total / 3))
  const refund = (name: string, amount: number | null): PlannedRefund => {
    return { key: `F${day.seed}-${i} ${name}`, amount, reason: luck.pick([null, '咖啡冷了, cold coffee']) }
  }
  switch (
    luck.pick([
      'all',
      'all by amount',
      'a part',
      'the same part twice',
      'one asked for twice',
      'a part, then the rest',
    ])
  ) {
    case 'all':
      return [refund('all', null)]
    case 'all by amount':
      return [refund('all', total)]
    case 'a part':
      return [refund('a part', part)]
    case 'the same part twice':
      return total < 3 ? [] : [refund('first', part), refund('second', part)]
    case 'one asked for twice': {
      const once = refund('once', part)
      return [once, once]
    }
    default:
      return total < 2 ? [] : [refund('a part', part), refund('the rest', null)]
  }
}

const H5_SCENE = {
  payer_client_ip: '203.0.113.7',
  device_ip: '203.0.113.7',
  store_info: { id: 's1', name: 'Coffee', address: 'Nathan Road 1' },
}

/** An order that other code placed, some seconds before Verdict hears of it. */
export function placeForeign(
  other: OtherWechatPay,
  [common, institution]: readonly [Merchant, Merchant],
  { track, atMs }: Errand,
  { port, anchor: { speed } }: Plan,
): NodeJS.Timeout | undefined {
  if (track === undefined) return undefined
  const owner = ownerOf(track.account === common.mchid ? common : institution)
  const types = { quick_pay: 'MICROPAY', native: 'NATIVE', app: 'APP', h5: 'MWEB' } as const
  const tradeType = track.kind === 'jsapi' || track.kind === 'mini_program' ? 'JSAPI' : types[track.kind]
  const { total, currency } = track.amount
  const quick = tradeType === 'MICROPAY'
  const run = (): void => {
    other.books.place(
      {
        ...{ owner, number: track.out_trade_no, tradeType, total, currency, attach: null, bytes: '' },
        expiresAtMs: quick ? null : other.nowMs() + 150_000,
        notifyUrl: quick ? null : notifyUrl(port, 'other'),
      },
      other.nowMs(),
    )
  }
  return setTimeout(run, Math.max(0, (atMs - 4_000 - other.worldMs()) / speed))
}
