import { KINDS } from '../../src/core/order.ts'
import type { Chance } from './chance.ts'
import { jsonValue, number, programValue, text } from './hostile.ts'
import { reshaped } from './mutate.ts'
import type { Mode } from './simulated.ts'

/** Placing requests as a shop's program makes them, right and wrong. */
export function placement(chance: Chance, mode: Mode, out_trade_no: string): Record<string, unknown> {
  const kind = chance.pick(KINDS)
  const payers: Record<string, unknown> = {
    quick_pay: { auth_code: `13${String(chance.below(1e9)).padStart(16, '0')}` },
    jsapi: mode === 'common' ? { openid: 'oPayer' } : { sub_openid: 'oPayer' },
    mini_program: mode === 'common' ? { openid: 'oPayer' } : { sp_openid: 'oPayer' },
  }
  const genuine: Record<string, unknown> = {
    kind,
    sub_mchid: mode === 'common' ? null : '1700000001',
    out_trade_no,
    description: chance.oneIn(4) ? chance.pick(['Jasmine tea', '茉莉花茶', 'x'.repeat(127)]) : 'Tea',
    amount: { total: chance.oneIn(4) ? number(chance) : 1 + chance.below(100_000), currency: 'HKD' },
    merchant_category_code: '5311',
    ...(payers[kind] === undefined ? {} : { payer: payers[kind] }),
    ...(kind === 'quick_pay' ? {} : { notify_url: 'https://pay.example.com/wechatpay' }),
    ...(kind === 'h5' ? { scene_info: SCENE } : {}),
    ...(kind !== 'quick_pay' && chance.oneIn(3) ? { time_expire: moment(chance) } : {}),
    ...(chance.oneIn(4) ? { attach: text(chance) } : {}),
    ...(chance.oneIn(4) ? { detail: [{ goods_detail: [{ goods_id: 'a', quantity: 1, price: 1 }] }] } : {}),
    ...(chance.oneIn(6)
      ? { [chance.pick(['scene_info', 'detail', 'goods_tag', 'limit_pay'])]: jsonValue(chance) }
      : {}),
  }
  if (chance.oneIn(3)) return genuine
  const bent = reshaped(chance, genuine, anyValue)
  // What is no object at all the compiler keeps away; so does the first line of any program.
  return typeof bent === 'object' && bent !== null ? { ...bent } : genuine
}

const SCENE = { payer_client_ip: '203.0.113.7', store_info: { id: '1', name: 'Tea', address: 'Pier 1' } }

function moment(chance: Chance): unknown {
  return chance.pick([
    '2024-06-08T10:34:56+08:00',
    '2024-06-08T03:00:00.123456789Z',
    '2024-02-30T10:00:00+08:00',
    '2024-12-31T24:00:00+08:00',
    '9999-12-31T23:59:59+08:00',
    '0000-01-01T00:00:00Z',
    '2024-06-08T10:34:56+99:99',
    '2024-06-08T10:34:60Z',
    ['2024-06-08T10:34:56+08:00'],
    text(chance),
  ])
}

/** JSON for the most part; a program without types can hand in more. */
export function anyValue(chance: Chance): unknown {
  return chance.oneIn(6) ? programValue(chance) : jsonValue(chance)
}
