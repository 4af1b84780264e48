import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accountName } from '../../src/gateway/wechatpay/account.ts'
import type { OrderSeen, ReconciliationSeen } from '../../src/http/views.ts'
import { beijingDate, DAY_MS } from '../../src/wechatpay/beijing.ts'
import { overhang, violations } from './browser.ts'
import { DashboardService } from './open-service.ts'

let open: DashboardService
/** Whose orders are paid. */
let ours: string
/** Institutional, and without an order. */
let other: string

/** On which the orders were paid. The simulator has the bill of a day at once. */
let today: string
const yesterday = beijingDate(Date.now() - DAY_MS)
/** One of which WeChat Pay signs that it has no bill. */
const QUIET = beijingDate(Date.now() - 9 * DAY_MS)
const UNTRIED = beijingDate(Date.now() - 8 * DAY_MS)
const FAILING = beijingDate(Date.now() - 3 * DAY_MS)
const FAILED_LATER = beijingDate(Date.now() - 4 * DAY_MS)
const WHY = 'no bill that is signed came in 4 attempts: HTTP 502'

beforeAll(async () => {
  open = await DashboardService.open()
  ours = accountOf('common')
  other = accountOf('institutional')
  await open.service.paidElsewhere('ELSEWHERE-1', 4_500)
  today = await paid('HERE-1')
}, 120_000)

afterAll(() => open.close())

function accountOf(mode: 'common' | 'institutional'): string {
  const account = open.service.accounts.find((one) => one.mode === mode)
  if (account === undefined) throw new Error(`there is an account in ${mode} mode`)
  return accountName(account)
}

/** @returns the day, in Beijing */
async function paid(out_trade_no: string): Promise<string> {
  const { json } = await open.service.place(out_trade_no)
  await open.service.pay(out_trade_no)
  await open.service.ask(`/v1/orders/${json.order.id}/query`, { method: 'POST' })
  const { json: order } = await open.service.ask<OrderSeen>(`/v1/orders/${json.order.id}?wait=20`)
  expect(order.state).toBe('SUCCESS')
  return beijingDate(Date.parse(String(order.verdict?.success_time)))
}

async function held(date: string, account = ours, more: object = {}): Promise<ReconciliationSeen> {
  const body = { account, date, ...more }
  const { status, json } = await open.service.ask<ReconciliationSeen>('/v1/reconciliations', { body })
  expect(status).toBe(200)
  return json
}

/** A try by itself that came to nothing. */
async function failed(date: string): Promise<void> {
  const day = { account: ours, sub_mchid: null, date }
  const { store } = open.service
  const [known] = await store.reconciliations({ ...day, until: date }, { after: null, limit: 1 })
  const triedAtMs = known?.date === date ? known.triedAtMs : null
  const nowMs = Date.now()
  await store.claimReconciliation({ ...day, worker: 'w', nowMs, untilMs: nowMs + DAY_MS, triedAtMs })
  await store.keepReconciliation({ ...day, atMs: nowMs, worker: 'w', outcome: { failure: WHY } })
}

const visit: DashboardService['visit'] = (...visit) => open.visit(...visit)
const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { name, level: 1 }).waitFor()
const button = (page: Page, name: string) => page.getByRole('button', { name })
/** The day's row in the list. */
const row = (page: Page, date: string) => page.locator('tbody tr', { hasText: date })

describe('the list of days', () => {
  it('says that there is none', () =>
    visit('#/bills', {}, async (page) => {
      await page.getByText('No day was held against its bill yet.').waitFor()
    }))

  it('has them with what each came to, the latest first', async () => {
    await held(today)
    await held(QUIET)
    await held(FAILED_LATER)
    await failed(FAILED_LATER)
    await failed(FAILING)
    await open.service.store.beginReconciliations({ account: other, sub_mchid: null, date: today })
    await visit('#/overview', {}, async (page) => {
      await page.getByRole('link', { name: 'Bills', exact: true }).click()
      await heading(page, 'Bills')
      await expect.poll(() => page.locator('tbody tr').count()).toBe(5)
      const told = async (one: string): Promise<string> =>
        (await row(page, one).innerText()).replace(/\s+/g, ' ')
      const todays = page.locator('tbody tr', { hasText: other })
      expect(await todays.innerText()).toMatch(/not yet\s+never tried/)
      const dates = await page.locator('tbody .cell-number').allInnerTexts()
      expect(dates).toEqual([today, today, FAILING, FAILED_LATER, QUIET])
      expect(await page.locator('tbody tr', { hasText: ours }).first().innerText()).toMatch(/1 differs/)
      expect(await told(FAILING)).toContain(`failed tried once: ${WHY}`)
      expect(await told(FAILED_LATER)).toContain(`agrees latest try failed tried once: ${WHY}`)
      expect(await told(QUIET)).toMatch(/agrees.* 0 0 0 0 /)
    })
  })

  it('is narrowed to an account, and keeps that in its address', () =>
    visit('#/bills', {}, async (page) => {
      await row(page, QUIET).waitFor()
      await page.getByLabel('Account').selectOption(other)
      await page.waitForURL(new RegExp(`account=${other}`))
      await expect.poll(() => page.locator('tbody tr').count()).toBe(1)
      await page.reload()
      await page.locator('tbody tr', { hasText: other }).waitFor()
      expect(await page.getByLabel('Account').inputValue()).toBe(other)
      expect(await page.locator('tbody tr').count()).toBe(1)
    }))

  it('goes on behind its first fifty', async () => {
    const days = Array.from({ length: 51 }, (_, i) => beijingDate(Date.now() - (20 + i) * DAY_MS))
    const sub_mchid = '1700000001'
    const found = await open.service.store.reconciliation({ account: ours, sub_mchid: null, date: QUIET })
    if (found === null) throw new Error(`${QUIET} was held against its bill`)
    for (const date of days) {
      const day = { account: other, sub_mchid, date }
      const outcome = { found: { ...found, ...day } }
      await open.service.store.keepReconciliation({ ...day, atMs: Date.now(), worker: null, outcome })
    }
    await visit(`#/bills?account=${other}`, {}, async (page) => {
      await expect.poll(() => page.locator('tbody tr').count()).toBe(50)
      await page.getByRole('link', { name: 'Older days' }).click()
      await expect.poll(() => page.locator('tbody tr').count()).toBe(2)
      await row(page, String(days.at(-1)))
        .getByRole('link')
        .click()
      await heading(page, String(days.at(-1)))
      expect(page.url()).toContain(`sub_mchid=${sub_mchid}`)
      await page.getByText(`${other} / ${sub_mchid}`).waitFor()
    })
  })
})

describe('a day', () => {
  it('shows what differs, what that means, and what WeChat Pay signed; an order leads to its list', async () => {
    const { bill } = await held(today)
    await visit('#/bills', { role: 'read' }, async (page) => {
      await page
        .getByRole('row', { name: /1 differs/ })
        .getByRole('link')
        .click()
      await heading(page, new RegExp(`${today} 1 differs`))
      await page.getByText('The bill and what is known here differ once.').waitFor()
      await page.getByText('The bill has an order that is not here.').waitFor()
      await page.getByText(String(bill?.sha1), { exact: true }).waitFor()
      await page.getByText(String(bill?.evidence.serial), { exact: true }).waitFor()
      expect(await page.locator('.differences tbody tr').innerText()).toMatch(
        /ELSEWHERE-1\s+Unknown order\s+\d+\s+–\s+SUCCESS 45\.00 HKD\s+nothing/,
      )
      await page.getByRole('link', { name: 'ELSEWHERE-1' }).click()
      await heading(page, 'Orders')
      expect(await page.getByLabel('out_trade_no or transaction_id').inputValue()).toBe('ELSEWHERE-1')
    })
  })

  it('speaks Chinese', () =>
    visit(`#/bills/${ours}/${today}`, { looks: { language: 'zh' } }, async (page) => {
      await page.getByText('账单与此处所知有 1 处不符。').waitFor()
      await page.getByText('账单中有此订单，此处没有。').waitFor()
      await page.locator('.differences').getByText('未知订单').waitFor()
      await page.getByRole('link', { name: '← 全部日期' }).click()
      await heading(page, '对账')
      await row(page, FAILING).getByText(`已尝试 1 次：${WHY}`).waitFor()
    }))

  it('without trades says that WeChat Pay signed so', async () => {
    await held(QUIET)
    await visit(`#/bills/${ours}/${QUIET}`, {}, async (page) => {
      await heading(page, `${QUIET} agrees`)
      await page.getByText('WeChat Pay signed that it has no bill of this day').waitFor()
    })
  })

  it('says so if more differs than is kept', async () => {
    const found = await held(today)
    await visit('', {}, async (page) => {
      await page.route('**/v1/reconciliations/**', (route) =>
        route.fulfill({ json: { ...found, differing: { unknown_order: 1_204 } } }),
      )
      await page.goto(`${open.url}#/bills/${ours}/${today}`)
      await page.getByText('The first 1 of 1,204 are shown').waitFor()
    })
  })

  it('of which nothing was found says so, and is held against its bill by a button', () =>
    visit(`#/bills/${ours}/${UNTRIED}`, { complaint: /404/ }, async (page) => {
      await page.getByText(`Nothing was found of ${UNTRIED} yet.`).waitFor()
      await button(page, 'Hold against its bill now').click()
      await heading(page, `${UNTRIED} agrees`)
      await button(page, 'Hold against its bill again').waitFor()
      await page.getByText('Live', { exact: true }).waitFor()
    }))
})

describe('holding a day against its bill', () => {
  it('is done by the form, by the keyboard alone, and what was found is shown', async () => {
    await visit(`#/bills?account=${ours}`, {}, async (page) => {
      const date = page.getByLabel('Day in Beijing')
      expect(await date.inputValue()).toBe(yesterday)
      await date.fill(today)
      expect(await page.getByLabel('Whose bill').inputValue()).toBe(ours)
      await date.press('Enter')
      await page.waitForURL(new RegExp(`#/bills/${ours}/${today}$`))
      await heading(page, new RegExp(`^${today}`))
    })
  })

  it('shows why it came to nothing, and can be tried again', () =>
    visit('#/bills', { complaint: /409/ }, async (page) => {
      await page.getByLabel('Day in Beijing').fill(today)
      await page.getByLabel('Whose bill').selectOption(other)
      await button(page, 'Hold against its bill').click()
      await page.getByRole('alert').getByText('BILL_NOT_READY').waitFor()
      expect(await button(page, 'Hold against its bill').isEnabled()).toBe(true)
    }))

  it('says that it takes its time, and leaves whoever has gone elsewhere there', () =>
    visit('#/bills', {}, async (page) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      await page.route('**/v1/reconciliations', async (route) => {
        if (route.request().method() === 'POST') await promise
        await route.continue()
      })
      await page.getByLabel('Day in Beijing').fill(QUIET)
      await page.getByLabel('Whose bill').selectOption(ours)
      await button(page, 'Hold against its bill').click()
      await page.getByText('This may take minutes.').waitFor()
      expect(await button(page, 'Hold against its bill').isDisabled()).toBe(true)
      await page.getByRole('link', { name: 'Orders', exact: true }).click()
      await heading(page, 'Orders')
      const answered = page.waitForResponse((reply) => reply.request().method() === 'POST')
      resolve()
      await (await answered).finished()
      await page.locator('tbody tr').first().waitFor()
      expect(page.url()).toMatch(/#\/orders$/)
    }))

  it('is not offered to whoever may only read', () =>
    visit('#/bills', { role: 'read' }, async (page) => {
      await row(page, QUIET).waitFor()
      expect(await page.getByLabel('Day in Beijing').count()).toBe(0)
      await row(page, QUIET).getByRole('link').click()
      await heading(page, `${QUIET} agrees`)
      expect(await page.getByRole('button', { name: /Hold/ }).count()).toBe(0)
    }))
})

it('the overview tells the latest bill of each account, and leads to it', () =>
  visit('#/overview', {}, async (page) => {
    await page.locator('.accounts li', { hasText: other }).getByText('not yet').waitFor()
    const told = page.locator('.accounts li', { hasText: ours }).locator('.latest-bill')
    await told.getByText('1 differs').waitFor()
    await told.getByRole('link', { name: today }).click()
    await heading(page, new RegExp(`^${today}`))
  }))

it.each([
  [360, 'light', 'en'],
  [360, 'dark', 'zh'],
  [1440, 'light', 'zh'],
  [1440, 'dark', 'en'],
] as const)(
  'at %d px, %s, %s: fits, and axe-core finds nothing',
  { timeout: 60_000 },
  async (width, theme, language) => {
    const looks = { width, theme, language } as const
    await visit('#/bills', { looks, complaint: /404/ }, async (page) => {
      const check = async (): Promise<void> => {
        expect(await violations(page)).toEqual([])
        expect(await overhang(page)).toBeLessThanOrEqual(0)
      }
      await row(page, FAILED_LATER).waitFor()
      await check()
      await page.goto(`${open.url}#/bills/${ours}/${today}`)
      await page.locator('.differences tbody tr').waitFor()
      await check()
      await page.goto(`${open.url}#/bills/${ours}/${FAILING}`)
      await page.getByText(FAILING).nth(1).waitFor()
      await check()
      await page.goto(`${open.url}#/overview`)
      await page.locator('.latest-bill').first().waitFor()
      await check()
    })
  },
)
