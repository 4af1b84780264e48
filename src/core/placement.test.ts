import { describe, expect, it } from 'vitest'
import {
  checkAmount,
  checkKey,
  checkPlacement,
  expiryMs,
  isPublicHost,
  type Placement,
  type PlacingAccount,
  TRADE_TYPES,
} from './placement.ts'
import { at, T0 } from './testing.ts'

const COMMON: PlacingAccount = { mode: 'common', isLocal: false, merchant_category_code: '5812' }
const INSTITUTIONAL: PlacingAccount = { ...COMMON, mode: 'institutional' }
const LOCAL: PlacingAccount = { ...COMMON, isLocal: true }

const AUTH_CODE = '134567890123456789'

const native: Placement = {
  kind: 'native',
  sub_mchid: null,
  out_trade_no: 'A42',
  description: 'Two coffees',
  amount: { total: 8800, currency: 'HKD' },
  notify_url: 'https://pay.example.com/wechatpay',
}
const { notify_url: _, ...withoutUrl } = native
const quickPay: Placement = { ...withoutUrl, kind: 'quick_pay', payer: { auth_code: AUTH_CODE } }
const jsapi: Placement = { ...native, kind: 'jsapi', payer: { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' } }
const h5: Placement = {
  ...native,
  kind: 'h5',
  scene_info: { payer_client_ip: '203.0.113.9', store_info: { name: 'Shop', address: 'Street 1' } },
}

const check = (placement: Placement, account = COMMON) => checkPlacement(placement, account, T0)

/** The message of the refusal; fails if there is none, or if it is another error. */
function refused(placement: Placement, account = COMMON): string {
  try {
    check(placement, account)
  } catch (error) {
    expect(error).toMatchObject({ name: 'VerdictError', code: 'ORDER_INVALID' })
    return error instanceof Error ? error.message : ''
  }
  throw new Error(`${JSON.stringify(placement)} was accepted`)
}

/** What comes from JavaScript need not have the types that TypeScript promises. */
function untyped(placement: Placement, more: Record<string, unknown>): Placement {
  return Object.assign({}, placement, more)
}

describe('good placements', () => {
  it.each([
    ['native', native, COMMON],
    ['quick_pay', quickPay, COMMON],
    ['jsapi', jsapi, COMMON],
    ['mini_program', { ...jsapi, kind: 'mini_program' }, COMMON],
    ['app', { ...native, kind: 'app' }, COMMON],
    ['h5', h5, COMMON],
    ['institutional', { ...native, sub_mchid: '1900000009' }, INSTITUTIONAL],
    [
      'jsapi, institutional',
      { ...jsapi, sub_mchid: '1900000009', payer: { sub_openid: 'o1' } },
      INSTITUTIONAL,
    ],
  ] as const)('%s', (_, placement, account) => {
    expect(check(placement, account)).toEqual([])
  })

  it('have a trade_type for every kind', () => {
    expect(TRADE_TYPES).toEqual({
      quick_pay: 'MICROPAY',
      native: 'NATIVE',
      jsapi: 'JSAPI',
      mini_program: 'JSAPI',
      app: 'APP',
      h5: 'MWEB',
    })
  })
})

type Row = readonly [what: string, bad: Placement, names: string, twin: Placement]

const BAD: readonly Row[] = [
  [
    'an amount of 0',
    untyped(native, { amount: { total: 0, currency: 'HKD' } }),
    'amount.total is 0',
    untyped(native, { amount: { total: 1, currency: 'HKD' } }),
  ],
  [
    'a negative amount',
    untyped(native, { amount: { total: -1, currency: 'HKD' } }),
    'amount.total is -1',
    native,
  ],
  [
    'half a cent',
    untyped(native, { amount: { total: 0.5, currency: 'HKD' } }),
    'amount.total is 0.5',
    native,
  ],
  [
    'an amount as text',
    untyped(native, { amount: { total: '8800', currency: 'HKD' } }),
    'amount.total is "8800"',
    native,
  ],
  ['no amount', untyped(native, { amount: undefined }), 'amount.total is missing', native],
  [
    'an amount above every payment',
    untyped(native, { amount: { total: 100_000_000_001, currency: 'HKD' } }),
    'amount.total',
    untyped(native, { amount: { total: 100_000_000_000, currency: 'HKD' } }),
  ],
  [
    'a currency in small letters',
    untyped(native, { amount: { total: 1, currency: 'hkd' } }),
    'amount.currency is "hkd"',
    native,
  ],
  ['no currency', untyped(native, { amount: { total: 1 } }), 'amount.currency is missing', native],
  ['an unknown kind', untyped(native, { kind: 'qr' }), 'kind is "qr"', native],
  [
    'a number of 33 characters',
    { ...native, out_trade_no: 'A'.repeat(33) },
    'out_trade_no',
    { ...native, out_trade_no: 'A'.repeat(32) },
  ],
  [
    'an empty number',
    { ...native, out_trade_no: '' },
    'out_trade_no is ""',
    { ...native, out_trade_no: 'a_-|*@9' },
  ],
  ['a number with a slash', { ...native, out_trade_no: 'A/42' }, 'out_trade_no is "A/42"', native],
  ['a number with a line end', { ...native, out_trade_no: 'A42\n' }, 'out_trade_no', native],
  ['no description', untyped(native, { description: undefined }), 'description is missing', native],
  [
    '128 characters of description',
    { ...native, description: 'x'.repeat(128) },
    'description',
    { ...native, description: '咖'.repeat(127) },
  ],
  ['6.8 an emoji', { ...native, description: 'Coffee 😀' }, '6.8', { ...native, description: 'Coffee ☕' }],
  ['half an emoji', { ...native, attach: 'x\ud83d' }, 'attach', { ...native, attach: 'x' }],
  ['a control character', { ...native, goods_tag: 'a\u0000b' }, 'goods_tag', { ...native, goods_tag: 'ab' }],
  [
    '33 characters of goods_tag',
    { ...native, goods_tag: 'x'.repeat(33) },
    'goods_tag',
    { ...native, goods_tag: 'x'.repeat(32) },
  ],
  [
    'an emoji inside detail',
    { ...native, detail: [{ goods_name: '😀' }] },
    'detail',
    { ...native, detail: [{ goods_name: 'tea' }] },
  ],
  [
    '6.8 an emoji inside scene_info',
    { ...native, scene_info: { device_id: '😀' } },
    'scene_info',
    { ...native, scene_info: { device_id: '7' } },
  ],
  [
    '17 characters of merchant_category_code',
    { ...native, merchant_category_code: '1'.repeat(17) },
    'merchant_category_code',
    { ...native, merchant_category_code: '5812' },
  ],
  ['5.6 jsapi without openid', { ...native, kind: 'jsapi' }, 'payer.openid is missing', jsapi],
  ['no payer at all', untyped(jsapi, { payer: null }), 'payer.openid is missing', jsapi],
  ['h5 without scene_info', { ...native, kind: 'h5' }, 'scene_info is missing', h5],
  ['h5 without the store', { ...h5, scene_info: { payer_client_ip: '203.0.113.9' } }, 'scene_info', h5],
  [
    'a time_expire that is over',
    { ...native, time_expire: '2026-06-08T09:59:59Z' },
    'time_expire',
    { ...native, time_expire: '2026-06-08T18:15:00+08:00' },
  ],
  ['a time_expire without a zone', { ...native, time_expire: '2026-06-08T18:15:00' }, 'time_expire', native],
  [
    'a time_expire on 30 February',
    { ...native, time_expire: '2027-02-30T18:15:00Z' },
    'time_expire',
    { ...native, time_expire: '2027-02-28T18:15:00Z' },
  ],
  [
    'a time_expire for Quick Pay',
    { ...quickPay, time_expire: '2026-06-08T18:15:00+08:00' },
    'time_expire',
    quickPay,
  ],
  [
    'an auth_code for another kind',
    { ...native, payer: { auth_code: AUTH_CODE } },
    'payer.auth_code',
    quickPay,
  ],
]

describe('bad input is refused in one sentence that names the field, with a twin that is accepted', () => {
  it.each(BAD)('%s', (_, bad, names, twin) => {
    expect(refused(bad)).toContain(names)
    expect(refused(bad)).toContain('expected')
    expect(check(twin)).toEqual([])
  })

  it('a sub_mchid in common mode, and none in institutional mode', () => {
    expect(refused({ ...native, sub_mchid: '1900000009' })).toContain('common mode')
    expect(refused(native, INSTITUTIONAL)).toContain('sub_mchid is missing')
    expect(refused({ ...native, sub_mchid: '19 00' }, INSTITUTIONAL)).toContain('sub_mchid is "19 00"')
  })

  it('a merchant category code neither here nor with the account', () => {
    expect(refused(native, { ...COMMON, merchant_category_code: undefined })).toContain(
      'merchant_category_code',
    )
  })

  it('a long value is cut in the message', () => {
    expect(refused({ ...native, description: 'x'.repeat(10_000) }).length).toBeLessThan(250)
  })
})

const circle: Record<string, unknown> = {}
circle.self = circle
const deep = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels))

describe('what JSON does not hold, as a caller without types may give it', () => {
  it.each<[field: string, more: Record<string, unknown>, names: string]>([
    ['kind', { kind: Symbol('a') }, 'kind is a symbol'],
    ['out_trade_no', { out_trade_no: () => 1 }, 'out_trade_no is a function'],
    ['amount', { amount: { total: 100n, currency: 'HKD' } }, 'amount.total is 100n'],
    ['amount', { amount: { total: 1, currency: circle } }, "amount.currency is a value that can't be shown"],
    ['description', { description: deep(30_000) }, "description is a value that can't be shown"],
    ['scene_info', { scene_info: { a: 1n } }, 'expected what JSON holds, nested 32 deep at most'],
    ['scene_info', { scene_info: circle }, 'expected what JSON holds, nested 32 deep at most'],
    ['detail', { detail: deep(33) }, 'expected what JSON holds, nested 32 deep at most'],
    ['detail', { detail: Symbol('a') }, 'detail is a symbol'],
    ['time_expire', { time_expire: ['2026-06-08T18:15:00+08:00'] }, 'time_expire is ["2026'],
    ['time_expire', { time_expire: { toString: 1 } }, 'time_expire is {"toString":1}'],
    ['time_expire', { time_expire: deep(30_000) }, "time_expire is a value that can't be shown"],
    ['notify_url', { notify_url: 5n }, 'notify_url is 5n'],
  ])('%s is refused: %#', (field, more, names) => {
    const message = refused(untyped(native, more))
    expect(message).toMatch(new RegExp(`^${field}`))
    expect(message).toContain(names)
    expect(message).toContain('; expected')
  })

  it('while a structure as deep as allowed is taken', () => {
    expect(check(untyped(native, { detail: deep(32) }))).toEqual([])
  })
})

describe('5.1, 5.2 auth_code', () => {
  const withCode = (auth_code: string): Placement => ({ ...quickPay, payer: { auth_code } })

  it.each([
    ['17 digits', AUTH_CODE.slice(0, 17)],
    ['19 digits', `${AUTH_CODE}0`],
    ['prefix 16', `16${AUTH_CODE.slice(2)}`],
    ['prefix 09', `09${AUTH_CODE.slice(2)}`],
    ['prefix 28, another wallet', `28${AUTH_CODE.slice(2)}`],
    ['a letter', `${AUTH_CODE.slice(0, 17)}x`],
    ['a blank behind', `${AUTH_CODE} `],
  ])('%s is refused, and the message does not tell the code', (_, code) => {
    const message = refused(withCode(code))
    expect(message).toContain(`payer.auth_code has ${code.length} characters`)
    expect(message).toContain('expected 18 digits')
    expect(message).not.toContain(code.slice(0, 3))
    expect(message).not.toContain(code.slice(2, 8))
  })

  it.each(['10', '11', '12', '13', '14', '15'])('prefix %s is accepted', (prefix) => {
    expect(check(withCode(`${prefix}${AUTH_CODE.slice(2)}`))).toEqual([])
  })

  it('none is refused', () => {
    expect(refused({ ...quickPay, payer: {} })).toContain('payer.auth_code is missing')
  })

  it('is not told either when it comes with a kind that has none', () => {
    expect(refused({ ...native, payer: { auth_code: AUTH_CODE } })).not.toContain(AUTH_CODE.slice(0, 4))
  })
})

describe('5.7 to 5.10 notify_url', () => {
  const withUrl = (notify_url: string): Placement => ({ ...native, notify_url })

  it.each([
    ['5.9 a query', 'https://pay.example.com/wechatpay?order=1', 'query'],
    ['5.9 an empty query', 'https://pay.example.com/wechatpay?', 'query'],
    ['a fragment', 'https://pay.example.com/wechatpay#x', 'query'],
    ['5.8 localhost', 'http://localhost/wechatpay', '5.8'],
    ['5.8 127.0.0.1', 'http://127.0.0.1:8080/wechatpay', '5.8'],
    ['5.8 127.0.0.1 in disguise', 'http://2130706433/wechatpay', '5.8'],
    ['5.8 192.168.x.x', 'https://192.168.1.7/wechatpay', '5.8'],
    ['5.8 10.x.x.x', 'https://10.0.0.1/wechatpay', '5.8'],
    ['5.8 172.16.x.x', 'https://172.16.0.1/wechatpay', '5.8'],
    ['5.8 ::1', 'https://[::1]/wechatpay', '5.8'],
    ['5.8 an intranet name', 'https://payserver/wechatpay', '5.8'],
    ['5.10 a bare domain', 'https://pay.example.com', '5.10'],
    ['5.10 a bare domain with a slash', 'https://pay.example.com/', '5.10'],
    ['5.10 a bare domain without https', 'pay.example.com', '5.8'],
    ['5.10 a relative path', './PayNotify.aspx', '5.8'],
    ['5.10 no URL', 'call me', '5.8'],
    ['another protocol', 'ftp://pay.example.com/wechatpay', '5.8'],
    ['a blank behind', 'https://pay.example.com/wechatpay ', '5.8'],
    ['a backslash', 'https://pay.example.com\\wechatpay', '5.8'],
    ['a port that is none', 'https://pay.example.com:99999/wechatpay', '5.8'],
    ['256 characters', `https://pay.example.com/${'x'.repeat(232)}`, '255'],
  ])('%s is refused', (_, url, names) => {
    const message = refused(withUrl(url))
    expect(message).toContain('notify_url is')
    expect(message).toContain(names)
  })

  it.each([
    'https://pay.example.com/wechatpay',
    'http://pay.example.com:8080/a/b.aspx',
    'https://203.0.113.9/wechatpay',
    'https://[2001:4860::8]/wechatpay',
    `https://pay.example.com/${'x'.repeat(231)}`,
  ])('%s is accepted', (url) => {
    expect(check(withUrl(url))).toEqual([])
  })

  it('must be there, except for Quick Pay, which has no callbacks', () => {
    expect(refused(withoutUrl)).toContain('notify_url is missing')
    expect(check(quickPay)).toEqual([])
  })

  it.each([
    ['login', 'https://till:s3cret@pay.example.com/wechatpay'],
    ['5.8', 'https://till:s3cret@pay .example.com/wechatpay'],
    ['5.8', 'https://till:s3cret@[pay.example.com/wechatpay'],
    ['5.8', 'https://s3cret@pay.example.com:x'],
  ])('a login is refused without telling it (%s): %s', (names, url) => {
    const message = refused(withUrl(url))
    expect(message).toContain(names)
    expect(message).toContain('notify_url is "https://…@')
    expect(message).not.toContain('s3cret')
    expect(message).not.toContain('till:')
  })

  it('may be private, with a warning, where the account’s own baseUrl is loopback; a query may not', () => {
    expect(check(withUrl('http://127.0.0.1:8080/wechatpay'), LOCAL)).toEqual([
      expect.stringContaining('127.0.0.1'),
    ])
    expect(check(native, LOCAL)).toEqual([])
    expect(refused(withUrl('http://127.0.0.1:8080/wechatpay?x=1'), LOCAL)).toContain('5.9')
    expect(refused(withUrl('http://127.0.0.1:8080'), LOCAL)).toContain('5.10')
  })
})

describe('small checks', () => {
  it.each([
    ['pay.example.com', true],
    ['8.8.8.8', true],
    ['100.64.0.1', false],
    ['100.128.0.1', true],
    ['172.15.0.1', true],
    ['172.31.255.255', false],
    ['169.254.169.254', false],
    ['0.0.0.0', false],
    ['224.0.0.1', false],
    ['printer.local', false],
    ['localhost.', false],
    ['[fe80::1]', false],
    ['[fd00::1]', false],
    ['[::ffff:7f00:1]', false],
    ['[2400:3200::1]', true],
  ])('%s: public is %s', (host, expected) => {
    expect(isPublicHost(host)).toBe(expected)
  })

  it('expiryMs reads RFC 3339, with or without milliseconds, and nothing else', () => {
    expect(expiryMs('2026-06-08T18:00:30+08:00')).toBe(at(30))
    expect(expiryMs('2026-06-08T10:00:30.500Z')).toBe(at(30.5))
    for (const text of [
      '2026-06-08',
      '1780912800',
      '2026-06-08 10:00:30Z',
      '2026-13-01T00:00:00Z',
      '2026-06-08T25:00:00Z',
      '',
    ]) {
      expect(expiryMs(text)).toBeNull()
    }
  })

  it('checkKey names what is wrong', () => {
    const key = { account: '1900000001', sub_mchid: null, out_trade_no: 'A42' }
    expect(() => checkKey(key)).not.toThrow()
    expect(() => checkKey({ ...key, account: '' })).toThrow('account')
    expect(() => checkKey({ ...key, sub_mchid: 'a b' })).toThrow('sub_mchid')
    expect(() => checkKey({ ...key, out_trade_no: '?' })).toThrow('out_trade_no')
    for (const name of ['account', 'sub_mchid', 'out_trade_no'])
      for (const value of [{ toString: 1 }, ['1900000001'], deep(30_000), 5n, Symbol('a')]) {
        const wrong = { ...key, [name]: value } as unknown as typeof key
        expect(() => checkKey(wrong)).toThrow(
          expect.objectContaining({
            code: 'ORDER_INVALID',
            message: expect.stringMatching(`^${name} is `),
          }),
        )
      }
  })

  it('checkAmount takes 1 cent, and not NaN', () => {
    expect(() => checkAmount({ total: 1, currency: 'HKD' })).not.toThrow()
    expect(() => checkAmount({ total: Number.NaN, currency: 'HKD' })).toThrow('amount.total')
  })
})
