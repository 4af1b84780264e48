import { describe, expect, it } from 'vitest'
import { SECRET, SECRET_2 } from './testing.ts'
import { type WebhookOptions, webhookSettings } from './webhook-options.ts'

const fine: WebhookOptions = { url: 'https://shop.example.com/verdict', secret: SECRET }

const settings = (more: object = {}) => webhookSettings({ ...fine, ...more })

/** The sentence with which options are refused. */
function refusal(more: object): string {
  try {
    settings(more)
  } catch (error) {
    expect(error).toMatchObject({ code: 'OPTION_INVALID' })
    return String(Object(error).message)
  }
  return 'accepted'
}

it('what is not given has a default', () => {
  expect(settings()).toMatchObject({
    events: ['order.verdict', 'order.refund', 'order.late_money'],
    reach: 'public',
    timeoutMs: 15_000,
  })
})

it('what is given counts', () => {
  const more = { name: 'books', events: ['order.refund'], timeoutMs: 100, secret: [SECRET_2, SECRET] }
  expect(settings(more)).toMatchObject({ name: 'books', events: ['order.refund'], timeoutMs: 100 })
  expect(settings(more).keys).toHaveLength(2)
})

describe('the default name', () => {
  const nameOf = (url: string) => settings({ url, allowPrivate: true }).name

  it('shows the host, and neither path nor query', () => {
    expect(nameOf('https://Shop.example.com/T0/secret?token=secret')).toMatch(
      /^shop\.example\.com-[0-9a-f]{8}$/,
    )
    expect(nameOf('https://[::1]:8443/a')).toMatch(/^::1-[0-9a-f]{8}$/)
    expect(nameOf(`https://${'a'.repeat(60)}.${'b'.repeat(60)}.com/`)).toHaveLength(89)
  })

  it('tells host, port and path apart, and not the query', () => {
    const urls = ['https://a.com/x', 'https://a.com/y', 'https://a.com:8443/x', 'https://b.com/x']
    expect(new Set(urls.map(nameOf)).size).toBe(4)
    expect(nameOf('https://a.com/x?token=1')).toBe(nameOf('https://a.com/x?token=2'))
  })
})

describe('where it may lead', () => {
  it.each([
    ['https://shop.example.com/', false, 'public'],
    ['https://shop.example.com/', true, 'any'],
    ['https://8.8.8.8/', false, 'public'],
    ['https://127.0.0.1/', true, 'any'],
    ['http://127.0.0.1:8080/', true, 'private'],
    ['http://[::1]/', true, 'private'],
    ['http://localhost/', true, 'private'],
    ['http://app:3000/', true, 'private'],
  ])('%s, with allowPrivate %s, has %s reach', (url, allowPrivate, reach) => {
    expect(settings({ url, allowPrivate }).reach).toBe(reach)
  })

  it.each([
    ['https://127.0.0.1/', false],
    ['https://2130706433/', false],
    ['https://[::ffff:7f00:1]/', false],
    ['https://10.0.0.1/', false],
    ['https://169.254.169.254/', false],
    ['https://100.64.0.1/', false],
    ['https://0.0.0.0/', false],
    ['https://[ff02::1]/', false],
    ['https://localhost/', false],
    ['https://app/', false],
    ['http://127.0.0.1/', false],
    ['http://shop.example.com/', false],
    ['http://shop.example.com/', true],
    ['http://8.8.8.8/', true],
  ])('%s, with allowPrivate %s, is refused', (url, allowPrivate) => {
    const start = url.startsWith('http:') ? 'https; http only for a private host' : 'a public host'
    expect(refusal({ url, allowPrivate })).toContain(`expected ${start}`)
  })
})

describe('options are refused', () => {
  it.each([
    ['without a URL', { url: undefined }, 'webhook url is missing'],
    ['with no URL', { url: 'shop.example.com' }, 'webhook url is no such address'],
    ['with a number for a URL', { url: 7 }, 'webhook url is no such address'],
    ['with another scheme', { url: 'ftp://shop.example.com/' }, 'webhook url is neither https nor http'],
    ['with too long a URL', { url: `${fine.url}?${'x'.repeat(2_000)}` }, 'webhook url is no such address'],
    ['without a secret', { secret: undefined }, 'webhook secret is missing'],
    ['with a bad name', { name: 'a b' }, 'the name of a target is unfit'],
    ['with no list of events', { events: 'order.verdict' }, 'webhook events is no list'],
    ['with no event', { events: [] }, 'webhook events is no list'],
    ['with an unknown event', { events: ['order.refund', 'x'] }, 'webhook events[1] is unknown'],
    ['with no boolean', { allowPrivate: 'yes' }, 'webhook allowPrivate is no boolean'],
    ['with too short a limit', { timeoutMs: 99 }, 'timeoutMs is 99'],
    ['with too long a limit', { timeoutMs: 60_001 }, 'timeoutMs is 60001'],
    ['with a field that is unknown', { allowprivate: true }, 'webhook allowprivate is unknown'],
    ['with a field that has no end', { ['x'.repeat(70_000)]: 1 }, `webhook ${'x'.repeat(117)}… is unknown`],
  ])('%s', (_, wrong, start) => {
    expect(refusal(wrong)).toContain(start)
    expect(refusal(wrong)).toContain('; expected ')
  })

  it('while the same without it are accepted', () => {
    expect(refusal({})).toBe('accepted')
    expect(refusal({ url: 'https://shop.example.com/?a=b', timeoutMs: 60_000, allowPrivate: true })).toBe(
      'accepted',
    )
  })
})

describe('no secret is in the sentence that refuses', () => {
  it.each([
    { url: 'https://user:hunter2@shop.example.com/hunter2' },
    { url: 'https://hunter2@shop.example.com/' },
    { url: 'http://user:hunter2@127.0.0.1/', allowPrivate: true },
    { url: 'https:\\\\user:hunter2@shop.example.com' },
    { url: 'https://user:hunter2@shop .example.com/' },
    { url: 'http://shop.example.com/hunter2?token=hunter2' },
    { url: 'https://127.0.0.1/hunter2?token=hunter2' },
    { url: 'hunter2://shop.example.com/' },
    { secret: 'hunter2' },
    { secret: 'whsec_hunter2' },
    { secret: [SECRET, 'whsec_hunter2'] },
    { name: 'hunter2 hunter2' },
    { events: ['hunter2'] },
    { timeoutMs: 'whsec_hunter2' },
  ])('of %j', (wrong) => {
    expect(refusal(wrong)).not.toMatch(/hunter2|accepted/)
  })
})
