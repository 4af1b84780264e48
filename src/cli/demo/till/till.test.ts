import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { Listening } from '../../../../test/support/listening.ts'
import { Shop } from '../../../../test/support/shop.ts'
import { sleep, systemClock } from '../../../clock.ts'
import { isFinal } from '../../../core/order.ts'
import { VerdictError } from '../../../errors.ts'
import { apiServer } from '../../../http/server.ts'
import { openWatching } from '../../../http/watching.ts'
import { seededRandom } from '../../../random.ts'
import { type AskControl, controlOf } from './control.ts'
import { tillRoutes } from './routes.ts'
import { STORY } from './stories.ts'
import { Till } from './till.ts'
import { STORIES, type StoryName, TillView } from './view.ts'

type View = z.output<typeof TillView>

const NOTIFY_URL = 'http://127.0.0.1:8080/callbacks'

/** Whether the simulator is dead. */
let isGone: boolean
let shop: Shop
let till: Till
let app: FastifyInstance

beforeEach(async () => {
  const listening = new Listening()
  shop = await Shop.open({ send: listening.send, customers: 'seeded' })
  const verdict = await shop.verdict({ account: { notify_url: NOTIFY_URL } })
  listening.to = verdict.callbacks
  isGone = false
  const ask: AskControl = async (method, path, body) => {
    if (isGone) throw new VerdictError('CLOSED', 'the simulator does not answer')
    const answer = await shop.simulator.handle({ method, url: `/_sim/${path}`, headers: {}, body })
    if ('connection' in answer) throw new Error(answer.connection)
    return answer
  }
  till = new Till({
    ...{ verdict, store: shop.store, clock: shop.clock, account: shop.account, control: controlOf(ask) },
    ...{ level: 'none', random: seededRandom(1), say: () => {} },
  })
  app = apiServer({
    desk: { verdict, store: shop.store, clock: shop.clock, ending: new AbortController().signal },
    ...{
      version: '0.0.0',
      logger: pino({ level: 'silent' }),
      watching: openWatching({
        statistics: () => null,
        accounts: () => [],
        bills: async () => [],
        store: shop.store,
        clock: shop.clock,
      }),
    },
    ...{ withCallbacks: false, everybody: 'admin', speed: 3, beside: tillRoutes(till, { speed: 3 }) },
  })
})

afterEach(async () => {
  till.close()
  await app.close()
  await shop.close()
})

async function ask(path: string, body?: object): Promise<{ status: number; view: View; code: string }> {
  const method = body === undefined ? 'GET' : 'POST'
  const asked = Promise.resolve(app.inject({ method, url: `/demo/${path}`, ...(body && { payload: body }) }))
  // Most need no time but the machine's, and none of the story's may pass meanwhile.
  await Promise.race([asked, sleep(systemClock, 50)])
  const reply = await shop.clock.during(asked)
  const value = reply.json()
  return { status: reply.statusCode, view: value, code: value.code }
}

const now = async (): Promise<View> => (await ask('now')).view
const ring = async (total = 8_800): Promise<View> => {
  const auth_code = (await now()).phone.code
  return (await ask('sales', { kind: 'quick_pay', total, auth_code })).view
}
const pass = (ms: number): Promise<void> => shop.clock.advance(ms)
const standing = ({ sale, truth, phone }: View) => ({
  verdict: sale?.order.state,
  truth: truth?.trade_state,
  phone: phone.screen,
})

describe('a sale at the till', () => {
  it('by payment code waits for the password, and ends SUCCESS when it is entered', async () => {
    await ring()
    await pass(1_000)
    expect(standing(await now())).toEqual({ verdict: 'waiting', truth: 'USERPAYING', phone: 'asks' })
    await ask('phone', { do: 'pay' })
    expect(standing(await now())).toEqual({ verdict: 'waiting', truth: 'SUCCESS', phone: 'paid' })
    await pass(6_000)
    const view = await now()
    expect(standing(view)).toEqual({ verdict: 'SUCCESS', truth: 'SUCCESS', phone: 'paid' })
    expect(view.truth).toMatchObject({ paid: true, charged: 8_800, refunded: 0 })
    expect(view.journal.at(-1)).toMatchObject({ event: 'verdict', said: 'SUCCESS' })
    // What a page is told is what it was promised.
    expect(TillView.parse(view)).toEqual(view)
    expect(await shop.wrong()).toEqual([])
  })

  it('by payment code is paid at once by a phone that asks for no password', async () => {
    await ask('phone', { password: false })
    await ring()
    await pass(100)
    expect(standing(await now())).toEqual({ verdict: 'SUCCESS', truth: 'SUCCESS', phone: 'paid' })
  })

  it('with the code of nobody has no customer: it has expired', async () => {
    await ask('sales', { kind: 'quick_pay', total: 100, auth_code: '139999999999999999' })
    await pass(1_000)
    const { phone, truth, journal } = await now()
    expect({ screen: phone.screen, truth: truth?.trade_state }).toEqual({ screen: 'code', truth: null })
    expect(journal).toContainEqual(expect.objectContaining({ event: 'refusal', said: 'AUTH_CODE_EXPIRE' }))
  })

  it('shows a QR code that the phone scans and pays; a callback tells it', async () => {
    await ask('sales', { kind: 'native', total: 4_200 })
    await pass(100)
    const { sale } = await now()
    expect(sale?.code_url).toMatch(/^weixin:/)
    expect((await ask('phone', { do: 'pay' })).code).toBe('ORDER_STATE')
    expect((await ask('phone', { do: 'scan', code_url: 'weixin://another' })).code).toBe('OPTION_INVALID')
    expect((await ask('phone', { do: 'scan', code_url: sale?.code_url })).view.phone.screen).toBe('asks')
    await ask('phone', { do: 'pay' })
    await pass(2_000)
    const paid = await now()
    expect(standing(paid)).toEqual({ verdict: 'SUCCESS', truth: 'SUCCESS', phone: 'paid' })
    expect(paid.journal.some(({ event }) => event === 'callback')).toBe(true)
    expect(paid.sale?.code_url).toBeNull()
  })

  it('refused by the customer is revoked, and charges nothing', async () => {
    await ring()
    await pass(1_000)
    await ask('phone', { do: 'refuse' })
    await pass(70_000)
    const view = await now()
    expect(standing(view)).toEqual({ verdict: 'REVOKED', truth: 'REVOKED', phone: 'refused' })
    expect(view.truth?.charged).toBe(0)
  })

  it('whose phone has no network is not paid until it is back', async () => {
    await ring()
    await pass(1_000)
    await now()
    await ask('phone', { network: 'down' })
    await ask('phone', { do: 'pay' })
    await pass(8_000)
    expect(standing(await now())).toEqual({ verdict: 'waiting', truth: 'USERPAYING', phone: 'sending' })
    await ask('phone', { network: 'up' })
    await pass(6_000)
    expect(standing(await now())).toEqual({ verdict: 'SUCCESS', truth: 'SUCCESS', phone: 'paid' })
  })

  it('gives way to the next one, and is followed to its end all the same', async () => {
    const first = (await ring()).sale?.order.id
    const second = (await ring()).sale?.order.id
    expect(second).not.toBe(first)
    await pass(80_000)
    const states = (await shop.store.page(0, 10)).map(({ state }) => state)
    expect(states).toEqual(['REVOKED', 'REVOKED'])
  })

  it.each([
    ['sales', { kind: 'quick_pay', total: 100 }],
    ['sales', { kind: 'quick_pay', total: 100, auth_code: 'abc' }],
    ['sales', { kind: 'native', total: 0 }],
    ['sales', { kind: 'native', total: 1.5 }],
    ['sales', { kind: 'jsapi', total: 100 }],
    ['phone', { do: 'dance' }],
    ['phone', { network: 'sideways' }],
    ['stories', { story: 'none' }],
    ['faults', { level: 'most' }],
    ['faults', { repliesLost: 'yes' }],
  ])('/demo/%s refuses %j, and changes nothing', async (path, body) => {
    const before = await now()
    expect(await ask(path, body)).toMatchObject({ status: 400, code: 'REQUEST_INVALID' })
    const { now: _, ...after } = await now()
    expect(before).toMatchObject(after)
    expect(await shop.store.page(0, 10)).toEqual([])
  })
})

it('a page of another site can do nothing at the till', async () => {
  const headers = { 'sec-fetch-site': 'cross-site' }
  const payload = { story: 'lost-reply' }
  const reply = await app.inject({ method: 'POST', url: '/demo/stories', headers, payload })
  expect(reply.json().code).toBe('CSRF_INVALID')
  expect((await now()).sale).toBeNull()
})

it('the API does not tell of it', async () => {
  const { paths } = (await app.inject('/openapi.json')).json()
  expect(Object.keys(paths).filter((path) => path.startsWith('/demo'))).toEqual([])
  expect(Object.keys(paths)).toContain('/v1/orders')
})

it('goes on while the simulator is dead: nobody knows the truth then, and no switch moves', async () => {
  await ring()
  await pass(1_000)
  isGone = true
  const { truth, sale } = await now()
  expect({ truth, verdict: sale?.order.state }).toEqual({ truth: null, verdict: 'waiting' })
  expect(await ask('faults', { down: true })).toMatchObject({ status: 503, code: 'CLOSED' })
  isGone = false
  expect((await now()).switches.down).toBe(false)
})

describe('the switches', () => {
  it('that WeChat Pay is down leaves a paid order open, and its verdict comes when it is up again', async () => {
    await ring()
    await pass(1_000)
    await now()
    await ask('phone', { do: 'pay' })
    expect((await ask('faults', { down: true })).view.switches.down).toBe(true)
    await pass(15_000)
    const silent = await now()
    expect(standing(silent)).toEqual({ verdict: 'waiting', truth: 'SUCCESS', phone: 'paid' })
    expect(silent.journal.some(({ event }) => event === 'no-answer')).toBe(true)
    await ask('faults', { down: false })
    await pass(20_000)
    expect((await now()).sale?.order.state).toBe('SUCCESS')
  })

  it('that replies get lost makes some calls silent, and no order wrong', async () => {
    await ask('faults', { repliesLost: true })
    for (let i = 0; i < 4; i++) {
      await ring()
      await pass(500)
      await now()
    }
    // How many replies to the revocations get lost one after another is left to chance: most end within two minutes.
    for (let minute = 0; minute < 30 && !(await shop.store.page(0, 10)).every(isFinal); minute++)
      await pass(60_000)
    const orders = await shop.store.page(0, 10)
    expect(orders.map(({ state }) => state)).toEqual(Array.from({ length: 4 }, () => 'REVOKED'))
    const { faults } = await shop.statistics()
    expect((faults.resetAfter ?? 0) + (faults.noReplyAfter ?? 0)).toBeGreaterThan(3)
    expect(await shop.wrong()).toEqual([])
  })

  it('that callbacks get lost leaves the verdict to a query', async () => {
    await ask('faults', { callbacksLost: true })
    await ask('sales', { kind: 'native', total: 4_200 })
    await pass(100)
    await ask('phone', { do: 'scan', code_url: (await now()).sale?.code_url })
    await ask('phone', { do: 'pay' })
    await pass(12_000)
    const { sale } = await now()
    expect(sale?.order.verdict).toMatchObject({ state: 'SUCCESS', learntBy: 'query' })
  })
})

describe('a story', () => {
  const ENDS: Readonly<
    Record<StoryName, { verdict: string; phone: string; charged: number; refunded: number }>
  > = {
    'lost-reply': { verdict: 'SUCCESS', phone: 'paid', charged: 6_800, refunded: 0 },
    'last-second': { verdict: 'SUCCESS', phone: 'paid', charged: 12_800, refunded: 0 },
    'line-dies': { verdict: 'SUCCESS', phone: 'paid', charged: 25_600, refunded: 0 },
    cancelled: { verdict: 'REVOKED', phone: 'returned', charged: 8_800, refunded: 8_800 },
  }

  it.each(STORIES)('%s ends as it is told', async (story) => {
    // Whatever happens by chance besides.
    await ask('faults', { level: 'harsh', callbacksLost: true })
    const rung = await ask('stories', { story })
    expect(rung.view.sale).toMatchObject({ story, order: { amount: { total: STORY[story].total } } })
    for (let s = 0; s < 60; s++) {
      await pass(1_000)
      await now()
    }
    const view = await now()
    const { charged, refunded } = view.truth ?? {}
    expect({ verdict: view.sale?.order.state, phone: view.phone.screen, charged, refunded }).toEqual(
      ENDS[story],
    )
    expect(await shop.wrong()).toEqual([])
  })

  it('lost-reply is silence for eight seconds while the customer has paid', async () => {
    await ask('stories', { story: 'lost-reply' })
    // Straight from the store: while an answer of the till's is awaited, time passes.
    const stored = async (): Promise<string | undefined> => (await shop.store.page(0, 1))[0]?.state
    await pass(5_000)
    expect(await stored()).toBe('placing')
    await pass(4_000)
    expect(await stored()).toBe('waiting')
    const { journal, ...view } = await now()
    expect(journal[2]).toMatchObject({ event: 'no-answer', call: 'place', said: 'timeout' })
    expect(standing({ journal, ...view })).toMatchObject({ truth: 'SUCCESS', phone: 'paid' })
  })

  it('line-dies has a QR code, a callback that never comes, and three questions without an answer', async () => {
    await ask('stories', { story: 'line-dies' })
    await pass(2_000)
    expect((await now()).sale?.code_url).toMatch(/^weixin:/)
    for (let s = 0; s < 60; s++) await pass(1_000)
    const { journal, sale } = await now()
    expect(sale?.order.verdict?.learntBy).toBe('query')
    const silent = journal.filter(({ event, call }) => event === 'no-answer' && call === 'query')
    expect(silent).toHaveLength(3)
    expect(journal.some(({ event }) => event === 'callback')).toBe(false)
  })
})
