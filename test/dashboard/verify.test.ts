import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Evidence, Order } from '../../dashboard/src/api/types.ts'
import { verifyAll } from '../../dashboard/src/pages/order/verify.ts'
import { at, orderOf, verdictOf } from './stories.ts'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const other = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pem = (key: typeof publicKey) => key.export({ type: 'spki', format: 'pem' }).toString()
const keys = [{ serial: 'PUB_KEY_ID_1', publicKey: pem(publicKey) }]

const PAID = {
  mchid: '1900000001',
  out_trade_no: 'A42',
  trade_state: 'SUCCESS',
  amount: { total: 8_800, currency: 'HKD' },
}

function signed(said: object, more: Partial<Evidence> = {}, mark = ''): Evidence {
  const body = mark + JSON.stringify(said)
  const message = `1780920000\nnonce-1\n${body}\n`
  return {
    source: 'reply',
    request: 'GET /v3/global/transactions/out-trade-no/A42?mchid=1900000001',
    status: 200,
    serial: 'PUB_KEY_ID_1',
    timestamp: '1780920000',
    nonce: 'nonce-1',
    signature: sign('RSA-SHA256', Buffer.from(message), privateKey).toString('base64'),
    body,
    receivedAt: at(8),
    opened: body,
    ...more,
  }
}

const paid = orderOf(verdictOf('SUCCESS'))
const verdictFrom = async (order: Order, ...evidence: readonly Evidence[]) => verifyAll(order, evidence, keys)

describe('evidence, verified in the browser,', () => {
  it('proves a verdict that it states for this order', async () => {
    const outcome = await verdictFrom(paid, signed({ ...PAID, trade_state: 'NOTPAY' }), signed(PAID))
    expect(outcome).toMatchObject({ because: 'proven', provenBy: 1 })
    expect(outcome.pieces[1]?.checks.map(({ what, result }) => [what, result])).toEqual([
      ['signature', 'right'],
      ['number', 'right'],
      ['merchant', 'right'],
      ['amount', 'right'],
    ])
    expect(outcome.pieces[1]?.fingerprint).toMatch(/^[0-9a-f]{64}$/)
  })

  it('proves it with a byte order mark in front, too', async () => {
    const outcome = await verdictFrom(paid, signed(PAID, {}, '\uFEFF'))
    expect(outcome).toMatchObject({ because: 'proven', provenBy: 0 })
  })

  it.each([
    ['one letter of its body was changed', { body: JSON.stringify(PAID).replace('8800', '8801') }],
    ['its time was changed', { timestamp: '1780920001' }],
    ['its nonce holds a line end', { nonce: 'nonce\n-1' }],
    ['its signature is no base64', { signature: '!' }],
    ['its key is not there', { serial: 'PUB_KEY_ID_2' }],
  ])('is broken when %s', async (_, change) => {
    expect((await verdictFrom(paid, { ...signed(PAID), ...change })).because).toBe('broken')
  })

  it('is broken when another key signed it', async () => {
    const outcome = await verifyAll(
      paid,
      [signed(PAID)],
      [{ serial: 'PUB_KEY_ID_1', publicKey: pem(other.publicKey) }],
    )
    expect(outcome.because).toBe('broken')
  })

  it.each([
    ['another number', { out_trade_no: 'A43' }],
    ['another merchant', { mchid: '1900000002' }],
    ['another amount', { amount: { total: 88, currency: 'HKD' } }],
    ['another currency', { amount: { total: 8_800, currency: 'CNY' } }],
    ['no number', { out_trade_no: undefined }],
  ])('proves nothing with %s', async (_, change) => {
    expect((await verdictFrom(paid, signed({ ...PAID, ...change }))).because).toBe('unstated')
  })

  it('names the sub-merchant, too, in institutional mode', async () => {
    const { mchid, ...said } = PAID
    const order = { ...paid, sub_mchid: '1700000001' }
    const right = signed({ ...said, sp_mchid: mchid, sub_mchid: '1700000001' })
    expect((await verdictFrom(order, right)).because).toBe('proven')
    const wrong = signed({ ...said, sp_mchid: mchid, sub_mchid: '1700000002' })
    expect((await verdictFrom(order, wrong)).because).toBe('unstated')
  })

  it('contradicts a verdict when the last final statement says something else', async () => {
    const closed = orderOf(verdictOf('CLOSED'))
    expect((await verdictFrom(closed, signed(PAID))).because).toBe('contradicted')
  })

  it('that came after the verdict did not make it', async () => {
    expect((await verdictFrom(paid, signed(PAID, { receivedAt: at(20) }))).because).toBe('unstated')
  })

  it('says of a callback that its encrypted text was opened by the service', async () => {
    const body = JSON.stringify({ id: 'n1', resource: { ciphertext: 'c' } })
    const envelope = signed({ id: 'n1', resource: { ciphertext: 'c' } }, { source: 'callback', body })
    const outcome = await verdictFrom(paid, { ...envelope, opened: JSON.stringify(PAID) })
    expect(outcome).toMatchObject({ because: 'proven', pieces: [{ openedByService: true }] })
    const sealed = await verdictFrom(paid, { ...envelope, opened: null })
    expect(sealed).toMatchObject({ because: 'unstated', pieces: [{ about: 'nothing' }] })
  })

  it('takes two signed denials for an order that was never created, and not one', async () => {
    const never = orderOf(verdictOf('NOT_CREATED'))
    const denial = signed({ code: 'ORDER_NOT_EXIST', message: 'none' }, { status: 404 })
    expect((await verdictFrom(never, denial, denial)).because).toBe('proven')
    expect((await verdictFrom(never, denial)).because).toBe('unstated')
    expect(
      (await verdictFrom(never, denial, denial, signed({ ...PAID, trade_state: 'NOTPAY' }))).because,
    ).toBe('contradicted')
  })
})
