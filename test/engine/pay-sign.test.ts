import { afterEach, beforeEach, expect, it } from 'vitest'
import { orderOf, Shop } from '../support/shop.ts'

let shop: Shop
beforeEach(async () => {
  shop = await Shop.open()
})
afterEach(() => shop.close())

it.each(['wx1\nextra', '', ' wx1', 'a'.repeat(33)])(
  'an appid that is %j shapes nothing that is signed',
  async (appid) => {
    const verdict = await shop.verdict()
    await expect(verdict.paySign(orderOf('jsapi'), { appid })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
    })
  },
)

it('twin: a right one is looked up', async () => {
  const verdict = await shop.verdict()
  const unknown = verdict.paySign(orderOf('jsapi'), { appid: 'wx0000000000000001' })
  await expect(unknown).rejects.toMatchObject({ code: 'ORDER_UNKNOWN' })
})
