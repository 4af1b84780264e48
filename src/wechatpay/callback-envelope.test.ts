import { expect, it } from 'vitest'
import { API_V3_KEY } from '../../test/support/wechatpay.ts'
import { callbackEnvelopeFrom, callbackTextOf } from './callback-envelope.ts'
import { apiV3Key, encryptResource } from './resource.ts'

const key = apiV3Key(API_V3_KEY)
const ENVELOPE = {
  id: 'EV-1',
  create_time: '2026-06-08T10:34:56+08:00',
  event_type: 'TRANSACTION.SUCCESS',
  resource: encryptResource(key, '{"trade_state":"SUCCESS"}', {
    nonce: '0123456789ab',
    associated_data: 'transaction',
  }),
}

it('reads an envelope, whatever else is in it, and none with a field missing', () => {
  const summary = '支付成功'
  expect(callbackEnvelopeFrom({ ...ENVELOPE, summary, resource_type: 'encrypt-resource' })).toEqual(ENVELOPE)
  for (const name of Object.keys(ENVELOPE)) {
    expect(callbackEnvelopeFrom({ ...ENVELOPE, [name]: undefined })).toBe(null)
    expect(callbackEnvelopeFrom({ ...ENVELOPE, [name]: '' })).toBe(null)
  }
})

it('tells from the body alone what a callback says, to whoever holds the APIv3 key', () => {
  const body = JSON.stringify(ENVELOPE)
  expect(callbackTextOf(body, key)).toBe('{"trade_state":"SUCCESS"}')
  expect(callbackTextOf(body, apiV3Key(API_V3_KEY.replace('a', 'b')))).toBe(null)
  expect(callbackTextOf(body.slice(1), key)).toBe(null)
  expect(callbackTextOf('{"trade_state":"SUCCESS"}', key)).toBe(null)
})
