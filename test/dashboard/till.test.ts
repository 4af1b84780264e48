import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Started } from '../cli/cli.ts'
import { type Looks, openBrowser, openPage, overhang, violations } from './browser.ts'
import { startDemo } from './site.ts'

const START_MS = 120_000
const PATIENCE_MS = 60_000

let browser: Browser
let demo: Started
let url: string

beforeAll(async () => {
  const [opened, started] = await Promise.all([
    openBrowser(),
    startDemo('--faults', 'none', '--orders', '2', '--seed', '5', '--speed', '2'),
  ])
  browser = opened
  demo = started.demo
  url = `${started.url}#/till`
}, START_MS)

afterAll(async () => {
  await browser.close()
  demo.process.kill('SIGTERM')
  await demo.ended
}, START_MS)

/** The till's page, closed after the test; whatever its console complained about fails it. */
async function atTheTill(play: (page: Page) => Promise<void>, looks?: Looks): Promise<void> {
  const { page, complaints } = await openPage(browser, url, looks)
  page.setDefaultTimeout(PATIENCE_MS)
  try {
    await page.locator('.stage').waitFor()
    await play(page)
    expect(complaints).toEqual([])
  } finally {
    await page.context().close()
  }
}

/** What stands on the till's display, once it is that. */
const display = (page: Page, state: string) => page.locator(`.display[data-state="${state}"]`).waitFor()
const phone = (page: Page, screen: string) => page.locator(`[data-screen="${screen}"]`).waitFor()
const says = (page: Page, who: string) => page.locator(`[data-who="${who}"] dd`).innerText()
/** By the keyboard, as everything must be possible. */
const press = async (page: Page, name: string): Promise<void> => {
  await page.getByRole('button', { name, exact: true }).focus()
  await page.keyboard.press('Enter')
}

const LONG = { timeout: 2 * PATIENCE_MS }

describe('at the till', () => {
  it('a sale goes from the payment code to its verdict, by the keyboard alone', LONG, () =>
    atTheTill(async (page) => {
      await page.getByLabel('Amount in HK$').fill('12.5')
      await press(page, 'Ask for the money')
      await phone(page, 'asks')
      expect(await page.locator('.phone').innerText()).toContain('HK$12.50')
      expect(await says(page, 'truth')).toContain('USERPAYING')
      await press(page, 'Enter the password')
      await phone(page, 'paid')
      await display(page, 'SUCCESS')
      expect(await says(page, 'verdict')).toMatch(/^paid, and proven/)
      expect(await page.locator('.life li').last().innerText()).toContain('Verdict: SUCCESS')
      expect(await page.locator('.life a').getAttribute('href')).toMatch(/^#\/orders\/ord_\d+$/)
    }),
  )

  it('the overview beside it tells of the calls, host by host', LONG, () =>
    atTheTill(async (page) => {
      await press(page, 'Ask for the money')
      await phone(page, 'asks')
      await page.goto(url.replace('#/till', '#/overview'))
      const host = page.locator('.accounts tbody tr').first()
      expect(await host.innerText()).toMatch(/^127\.0\.0\.1:\d+\s+[1-9]/)
    }),
  )

  it('a wrong amount is told, and asks for no money', LONG, () =>
    atTheTill(async (page) => {
      await page.getByLabel('Amount in HK$').fill('12.345')
      const field = page.getByLabel('Amount in HK$')
      expect(await field.getAttribute('aria-invalid')).toBe('true')
      expect(await page.getByRole('button', { name: 'Ask for the money' }).isDisabled()).toBe(true)
    }),
  )

  it('the phone scans the QR code, and the customer refuses; the cashier cancels', LONG, () =>
    atTheTill(async (page) => {
      await page.getByLabel('The phone scans the till').check()
      await press(page, 'Show the QR code')
      const qr = page.getByRole('img', { name: 'QR code to pay HK$88.00' })
      await qr.waitFor()
      expect(await qr.getAttribute('data-text')).toMatch(/^weixin:/)
      await press(page, 'Scan the till’s QR code')
      await phone(page, 'asks')
      await press(page, 'Refuse')
      await phone(page, 'refused')
      await press(page, 'Cancel the sale')
      await page.getByRole('button', { name: 'Cancel the sale' }).and(page.locator(':disabled')).waitFor()
      expect(await says(page, 'naive')).toContain('cancelled')
      expect(await page.locator('.life').innerText()).toContain('The till cancels the sale')
    }),
  )

  it('a fault that is switched on is survived: WeChat Pay is down, and has been paid', LONG, () =>
    atTheTill(async (page) => {
      await press(page, 'Ask for the money')
      await phone(page, 'asks')
      await page.getByLabel(/WeChat Pay is down/).check()
      await press(page, 'Enter the password')
      await phone(page, 'paid')
      await page.locator('.line-bad').first().waitFor()
      expect(await says(page, 'verdict')).toMatch(/^not known yet/)
      expect(await page.locator('.display').getAttribute('data-state')).toBe('waiting')
      await page.getByLabel(/WeChat Pay is down/).uncheck()
      await display(page, 'SUCCESS')
      expect(await page.locator('[data-who="verdict"]').getAttribute('data-right')).toBe('true')
    }),
  )

  it('what the customer does without a network arrives when it is back', LONG, () =>
    atTheTill(async (page) => {
      await press(page, 'Ask for the money')
      await phone(page, 'asks')
      await page.getByLabel('The phone has a network').uncheck()
      await page.locator('.phone-offline').waitFor()
      await press(page, 'Enter the password')
      await phone(page, 'sending')
      expect(await says(page, 'truth')).toContain('USERPAYING')
      await page.getByLabel('The phone has a network').check()
      await display(page, 'SUCCESS')
    }),
  )
})

describe('a story', () => {
  it(
    'is told to its end: the reply gets lost, a till without Verdict is wrong, and Verdict right',
    LONG,
    () =>
      atTheTill(async (page) => {
        await page.getByRole('button', { name: /The reply gets lost/ }).click()
        await page.locator('.tale[data-ended="true"]').waitFor()
        expect(await page.locator('.tale li').count()).toBe(5)
        expect(await page.locator('[data-who="naive"]').getAttribute('data-right')).toBe('false')
        expect(await page.locator('[data-who="verdict"]').getAttribute('data-right')).toBe('true')
        await display(page, 'SUCCESS')
      }),
  )
})

describe.each([
  { width: 360, theme: 'light', language: 'en' },
  { width: 360, theme: 'dark', language: 'zh' },
  { width: 1440, theme: 'dark', language: 'en' },
  { width: 1440, theme: 'light', language: 'zh' },
] as const)('the page, $width px wide, $theme, in $language', (looks) => {
  it('is accessible, fits, and is in its language', LONG, () =>
    atTheTill(async (page) => {
      await page.getByRole('radio').last().check()
      await page.locator('.ring-up button[type="submit"]').click()
      await page.locator('.qr').waitFor()
      expect(await violations(page)).toEqual([])
      expect(await overhang(page)).toBe(0)
      const title = looks.language === 'zh' ? '收银台与手机' : 'Till and phone'
      expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe(title)
      const shown = await page.evaluate('document.documentElement.dataset.theme')
      expect(shown).toBe(looks.theme)
    }, looks),
  )
})
