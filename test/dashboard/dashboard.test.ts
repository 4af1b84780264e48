import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OrderSeen, RefundSeen } from '../../src/http/views.ts'
import type { Listed } from '../support/http-service.ts'
import { overhang, violations } from './browser.ts'
import { DashboardService } from './open-service.ts'

let open: DashboardService
let numbers = 0
const number = (): string => `D${++numbers}`

beforeAll(async () => {
  open = await DashboardService.open()
}, 120_000)

afterAll(() => open.close())

const ask = <Seen = OrderSeen>(path: string, asked = {}) => open.service.ask<Seen>(path, asked)

/** An order that nobody has paid yet. @returns its id */
async function placed(out_trade_no: string, more: object = {}): Promise<string> {
  const { json } = await open.service.place(out_trade_no, more)
  return json.order.id
}

async function paid(out_trade_no: string): Promise<string> {
  const id = await placed(out_trade_no)
  await open.service.pay(out_trade_no)
  await ask(`/v1/orders/${id}/query`, { method: 'POST' })
  expect((await ask(`/v1/orders/${id}?wait=20`)).json.state).toBe('SUCCESS')
  return id
}

const visit: DashboardService['visit'] = (...visit) => open.visit(...visit)
const headline = (page: Page, name: string) => page.locator(`[data-headline="${name}"]`).waitFor()
const heading = (page: Page, name: string) => page.getByRole('heading', { name, level: 1 }).waitFor()
const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name })

describe('signing in', () => {
  it('is refused with a wrong key and accepted with a right one, by the keyboard alone', () =>
    visit('', { role: null, complaint: /401/ }, async (page) => {
      // Nobody types before there is a field, which has the focus by itself.
      await page.locator('#key:focus').waitFor()
      await page.keyboard.type('vk_wrong')
      await page.keyboard.press('Enter')
      await page.getByRole('alert').getByText('KEY_MISSING').waitFor()
      await page.keyboard.type(open.service.keys.operate)
      await page.keyboard.press('Enter')
      await heading(page, 'Overview')
    }))

  it('leaves the key nowhere in the page, and a cookie that no script reads', () =>
    visit('', { role: null, complaint: /401/ }, async (page) => {
      await page.getByLabel('API key').fill(open.service.keys.operate)
      await button(page, 'Sign in').click()
      await heading(page, 'Overview')
      const kept = await page.evaluate(
        'JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }])',
      )
      expect(kept).toBe('["",{},{}]')
      const cookies = await page.context().cookies()
      expect(cookies).toMatchObject([{ name: 'verdict_session', httpOnly: true, sameSite: 'Strict' }])
    }))

  it('ends with signing out', () =>
    visit('', { complaint: /401/ }, async (page) => {
      await heading(page, 'Overview')
      await button(page, 'Sign out').click()
      await button(page, 'Sign in').waitFor()
      await page.reload()
      await button(page, 'Sign in').waitFor()
    }))
})

describe('an order', () => {
  it('is found by its number and by the transaction_id, and its evidence verifies in the browser', async () => {
    const out_trade_no = number()
    const id = await paid(out_trade_no)
    const { verdict } = (await ask(`/v1/orders/${id}`)).json
    await visit('#/orders', {}, async (page) => {
      for (const wanted of [out_trade_no, String(verdict?.transaction_id)]) {
        await page.getByLabel('out_trade_no or transaction_id').fill(wanted)
        await page.keyboard.press('Enter')
        await page.waitForURL(/number=/)
        await expect.poll(() => page.locator('tbody tr').count()).toBe(1)
      }
      await page.getByRole('link', { name: out_trade_no, exact: true }).click()
      await headline(page, 'paid')
      expect(await page.locator('.standing').innerText()).toMatch(
        /^Paid\. HK\$88\.00 at .*signed by WeChat Pay/,
      )
      await button(page, 'Verify in this browser').click()
      await page.locator('.outcome-proven').waitFor()
      expect(await page.locator('.check-right').count()).toBeGreaterThanOrEqual(4)
    })
  })

  it('is not proven by evidence that was altered on its way', async () => {
    const id = await paid(number())
    await visit('', {}, async (page) => {
      await page.route('**/evidence', async (route) => {
        const reply = await route.fetch()
        const evidence = await reply.json()
        for (const piece of evidence.data) piece.body = piece.body.replace('8800', '8801')
        await route.fulfill({ response: reply, json: evidence })
      })
      await page.goto(`${open.url}#/orders/${id}`)
      await button(page, 'Verify in this browser').click()
      await page.locator('.outcome-broken').waitFor()
      expect(await page.locator('.check-wrong').count()).toBeGreaterThanOrEqual(1)
    })
  })

  it('tells that it is paid the moment it is known, without a reload', async () => {
    const out_trade_no = number()
    const id = await placed(out_trade_no)
    await visit(`#/orders/${id}`, {}, async (page) => {
      await page.locator('.standing').getByText('WeChat Pay created it').waitFor()
      await page.getByText('Live', { exact: true }).waitFor()
      await button(page, 'Ask WeChat Pay now').click()
      await page
        .locator('.standing')
        .getByText(/says NOTPAY \(signed\), .* closed at .* unless paid/)
        .waitFor()
      await open.service.pay(out_trade_no)
      await ask(`/v1/orders/${id}/query`, { method: 'POST' })
      await headline(page, 'paid')
      await page.locator('.journal').getByText('verdict SUCCESS').waitFor()
      await page.locator('.timeline svg .verdict-SUCCESS').waitFor()
    })
  })

  it('is refunded in part, with the sum in the button that sends it, and once', async () => {
    const id = await paid(number())
    await visit(`#/orders/${id}`, {}, async (page) => {
      await button(page, 'Refund …').click()
      await page.getByLabel('A part').check()
      await page.getByLabel('Amount in HKD').fill('88.01')
      expect(await button(page, /^Refund —/).isDisabled()).toBe(true)
      await page.getByLabel('Amount in HKD').fill('30')
      await page.getByText('HK$58.00 stays.').waitFor()
      await button(page, 'Refund HK$30.00').dblclick()
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      await page.locator('.rows').getByText('HK$30.00').waitFor()
      // Nowhere in cents, and with who asked.
      await page
        .locator('.journal')
        .getByText(/: HK\$30\.00, by the operate key$/)
        .waitFor()
    })
    await visit(`#/orders/${id}`, { looks: { language: 'zh' } }, async (page) => {
      await page.locator('.journal').getByText('退款：待发送').waitFor()
      expect(await page.locator('.journal').innerText()).not.toMatch(/queued|accepted|processing/)
    })
    const { data } = (await ask<Listed<RefundSeen>>(`/v1/orders/${id}/refunds`)).json
    expect(data).toMatchObject([{ amount: 3_000, origin: 'asked' }])
  })

  it('that nobody pays is given up, after a question whether that is meant', async () => {
    const id = await placed(number())
    await visit(`#/orders/${id}`, {}, async (page) => {
      await button(page, 'Give up').click()
      await button(page, 'Cancel').click()
      expect((await ask(`/v1/orders/${id}`)).json.givenUpAt).toBeNull()
      await button(page, 'Give up').click()
      await button(page, 'Yes, give it up').click()
      await page.locator('.standing').getByText('The merchant gave it up').waitFor()
      await page.locator('.timeline svg').getByText('given up', { exact: true }).waitFor()
    })
    await visit(`#/orders/${id}`, { looks: { language: 'zh' } }, async (page) => {
      await page.locator('.timeline svg').getByText('放弃', { exact: true }).waitFor()
    })
    expect((await ask(`/v1/orders/${id}`)).json.givenUpAt).not.toBeNull()
  })

  it('with a mark gets an answer, with who and why in the journal', async () => {
    const id = await open.service.paidWithAnotherAmount(number())
    await visit('#/overview', {}, async (page) => {
      const { out_trade_no } = (await ask(`/v1/orders/${id}`)).json
      await page.getByRole('link', { name: out_trade_no, exact: true }).click()
      await page.getByLabel('Accept what WeChat Pay signed').check()
      await page.getByLabel(/^Why/).fill('the till forgot the tip')
      await button(page, 'Write it down').click()
      await headline(page, 'paid')
      await page.getByText('the operate key: the till forgot the tip').waitFor()
    })
  })

  it.each([
    [
      'en',
      /^Accept what WeChat Pay signed: HK\$90\.01$/,
      /You saw HK\$90\.01; now .* HK\$90\.00\./,
      'Write it down',
    ],
    ['zh', /^接受 WeChat Pay 签名的内容：HK\$90\.01$/, /您看到的是 HK\$90\.01，现在 .* HK\$90\.00。/, '记录'],
  ] as const)(
    'whose amount changes after somebody saw it is accepted only when he has seen the new one: %s',
    async (language, seen, changed, send) => {
      const id = await open.service.paidWithAnotherAmount(number())
      await visit('#/orders', { looks: { language }, complaint: /409/ }, async (page) => {
        // What he sees is what was there before.
        await page.route('**/evidence', async (route) => {
          const reply = await route.fetch()
          const evidence = await reply.json()
          await route.fulfill({
            response: reply,
            json: { ...evidence, amountToAccept: { total: 9_001, currency: 'HKD' } },
          })
        })
        await page.goto(`${open.url}#/orders/${id}`)
        await page.getByLabel(seen).check()
        await page.locator('#resolution-note').fill('the till forgot the tip')
        await page.unroute('**/evidence')
        await button(page, send).click()
        await page.getByRole('alert').getByText(changed).waitFor()
        expect(await button(page, send).isDisabled()).toBe(true)
        expect((await ask(`/v1/orders/${id}`)).json.attention).toBe('amount_mismatch')
        await page.getByLabel(/HK\$90\.00$/).check()
        await button(page, send).click()
        await headline(page, 'paid')
      })
      expect((await ask(`/v1/orders/${id}`)).json.amount).toEqual({ total: 9_000, currency: 'HKD' })
    },
  )

  it('that a person has stopped is found by the overview, and by the filter', async () => {
    const id = await open.service.paidWithAnotherAmount(number())
    const { out_trade_no } = (await ask(`/v1/orders/${id}`)).json
    const body = { action: 'stop_tracking', note: 'a test order' }
    await ask(`/v1/orders/${id}/attention/resolve`, { body })
    await visit('#/overview', {}, async (page) => {
      await page.getByRole('link', { name: '1 no longer tracked' }).click()
      await page.getByRole('link', { name: out_trade_no, exact: true }).waitFor()
      expect(await page.locator('tbody tr').count()).toBe(1)
      expect(await page.getByLabel('Show').inputValue()).toBe('stopped')
    })
  })

  it('offers nothing to do to whoever may only read', async () => {
    const id = await paid(number())
    await visit(`#/orders/${id}`, { role: 'read' }, async (page) => {
      await headline(page, 'paid')
      await button(page, 'Verify in this browser').waitFor()
      expect(await button(page, /Refund|Give up|Ask/).count()).toBe(0)
    })
  })

  it('that is none says so', () =>
    visit('#/orders/ord_999999', { complaint: /404/ }, async (page) => {
      await page.getByRole('alert').getByText('ORDER_UNKNOWN').waitFor()
    }))
})

describe('the list of orders', () => {
  it('keeps its filter in the address, and pages through it', async () => {
    for (let i = 0; i < 52; i++) await placed(number(), { amount: { total: 777, currency: 'HKD' } })
    await visit('#/orders?amount=7.77&show=open', {}, async (page) => {
      await expect.poll(() => page.locator('tbody tr').count()).toBe(50)
      expect(await page.getByLabel('Amount').inputValue()).toBe('7.77')
      await page.getByRole('link', { name: 'Older orders' }).click()
      await expect.poll(() => page.locator('tbody tr').count()).toBe(2)
      await page.goBack()
      await expect.poll(() => page.locator('tbody tr').count()).toBe(50)
    })
  })

  it('says what is wrong with an amount, and asks for nothing', () =>
    visit('#/orders', {}, async (page) => {
      await page.getByText('More filters').click()
      await page.getByLabel('Amount').fill('seven')
      await button(page, 'Search').click()
      await page.getByText('expected an amount, as 88.00 or 500 JPY').waitFor()
      expect(page.url()).not.toContain('seven')
    }))
})

describe('every page', () => {
  it.each([
    [360, 'light', 'en'],
    [360, 'dark', 'zh'],
    [1440, 'light', 'zh'],
    [1440, 'dark', 'en'],
  ] as const)(
    'at %d px, %s, %s: fits, and axe-core finds nothing',
    { timeout: 60_000 },
    async (width, theme, language) => {
      const id = await paid(number())
      await open.service.paidWithAnotherAmount(number())
      const looks = { width, theme, language } as const
      const check = async (page: Page): Promise<void> => {
        expect(await violations(page)).toEqual([])
        expect(await overhang(page)).toBeLessThanOrEqual(0)
      }
      await visit('', { role: null, looks, complaint: /401/ }, async (page) => {
        await page.getByRole('button', { name: language === 'zh' ? '登录' : 'Sign in' }).waitFor()
        await check(page)
      })
      await visit('#/overview', { looks }, async (page) => {
        await page.locator('.minutes canvas').waitFor()
        await check(page)
        await page.goto(`${open.url}#/orders?amount=88`)
        await page.locator('tbody tr').first().waitFor()
        await check(page)
        await page.goto(`${open.url}#/orders/${id}`)
        await headline(page, 'paid')
        await page
          .getByRole('button', { name: language === 'zh' ? '在此浏览器中验证' : 'Verify in this browser' })
          .click()
        await page.locator('.outcome-proven').waitFor()
        await check(page)
        await page.getByRole('button', { name: language === 'zh' ? '退款…' : 'Refund …' }).click()
        await page.getByRole('dialog').waitFor()
        await check(page)
      })
    },
  )

  it('changes its language and its colours at once, and remembers both', () =>
    visit('#/orders', {}, async (page) => {
      await page.getByLabel('Language').selectOption('zh')
      await heading(page, '订单')
      await page.getByLabel('配色').selectOption('dark')
      await page.reload()
      await heading(page, '订单')
      expect(await page.evaluate('document.documentElement.dataset.theme')).toBe('dark')
      expect(await page.evaluate('document.documentElement.lang')).toBe('zh-Hans')
    }))

  it('asks nothing of any other host', () =>
    visit('#/overview', {}, async (page) => {
      const hosts = new Set<string>()
      page.on('request', (request) => hosts.add(new URL(request.url()).origin))
      await page.reload()
      await page.locator('.minutes canvas').waitFor()
      expect([...hosts]).toEqual([new URL(open.url).origin])
    }))
})
