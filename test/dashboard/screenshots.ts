// npm run screenshots
//
// Makes the pictures of docs/images/ from demos with a seed: one whose clock runs fast, and one at whose till
// somebody plays.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import type { JournalLine, Order } from '../../dashboard/src/api/types.ts'
import { openBrowser, openPage } from './browser.ts'
import { buildDashboard } from './build.ts'

const root = join(import.meta.dirname, '..', '..')
const images = join(root, 'docs', 'images')
/** Simulated minutes of trade that the overview shows. */
const MINUTES = 33
const SPEED = 20
/** Of a picture in a text. */
const WIDTH = 1120

interface Demo {
  readonly url: string
  end(): Promise<void>
}

function startDemo(...flags: readonly string[]): Promise<Demo> {
  const folder = mkdtempSync(join(tmpdir(), 'verdict-screenshots-'))
  const args = ['src/cli/main.ts', 'demo', '--store', join(folder, 'verdict.db'), ...flags]
  const child: ChildProcess = spawn(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const end = async (): Promise<void> => {
    child.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  return new Promise((resolve, reject) => {
    let said = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text
      const [, url] = /look at it: (\S+),/.exec(said) ?? []
      if (url !== undefined) resolve({ url, end })
    })
    ended.then(() => reject(new Error(`the demo ended: ${said}`)))
  })
}

async function shoot(page: Page, name: string, height: number): Promise<void> {
  const width = page.viewportSize()?.width ?? 0
  await page.setViewportSize({ width: Math.min(width, WIDTH), height })
  // What moves with its size has been drawn anew.
  await page.waitForTimeout(300)
  const path = join(images, `${name}.png`)
  await page.screenshot({ path })
  console.log(`${path}: ${Math.round(statSync(path).size / 1_024)} kB`)
}

const read = async <Value>(url: string): Promise<Value> => (await fetch(url)).json() as Promise<Value>

/** A Quick Pay that WeChat Pay left without an answer for a while, and that was paid all the same. */
async function eventfulOrder(url: string): Promise<string> {
  const query = 'state=SUCCESS&kind=quick_pay&limit=200'
  const { data } = await read<{ data: readonly Order[] }>(`${url}v1/orders?${query}`)
  const scored = await Promise.all(
    data
      .filter(({ queries, attention }) => queries >= 3 && attention === null)
      .map(async ({ id }) => {
        const { data: journal } = await read<{ data: readonly JournalLine[] }>(
          `${url}v1/orders/${id}/journal`,
        )
        const silent = journal.filter(({ event }) => event === 'no-answer').length
        const answered = journal.filter(({ event, call }) => event === 'answer' && call === 'query').length
        return { id, score: Math.min(silent, 4) + Math.min(answered, 3) }
      }),
  )
  const best = scored.toSorted((a, b) => b.score - a.score)[0]
  if (best === undefined) throw new Error('no order waited for its verdict')
  return best.id
}

const TRIES = 10

/**
 * Shows the demo's own day, which its WeChat Pay has a bill of at once: of an account that differs from it, since an order was
 * paid a moment ago. Replies about bills get lost, too.
 */
async function holdToday(page: Page, url: string): Promise<void> {
  for (let i = 0; i < TRIES && (await page.locator('.differences').count()) === 0; i++) {
    await page.goto(`${url}#/bills`)
    const date = page.getByLabel('Day in Beijing')
    await date.fill((await date.getAttribute('max')) ?? '')
    await page.getByLabel('Whose bill').selectOption({ index: i % 2 })
    await page.getByRole('button', { name: 'Hold against its bill' }).click()
    await page.locator('.signed-bill, .failure').first().waitFor()
  }
  await page.locator('.signed-bill').waitFor()
}

async function desk(browser: Browser): Promise<void> {
  const demo = await startDemo('--faults', 'harsh', '--seed', '11', '--speed', String(SPEED))
  try {
    await new Promise((resolve) => setTimeout(resolve, (MINUTES * 60_000) / SPEED))
    const { page } = await openPage(browser, `${demo.url}#/overview`)
    await page.locator('.minutes canvas').waitFor()
    await shoot(page, 'overview', 900)
    await page.goto(`${demo.url}#/orders`)
    await page.locator('tbody tr').nth(20).waitFor()
    await shoot(page, 'orders', 640)

    const id = await eventfulOrder(demo.url)
    await page.goto(`${demo.url}#/orders/${id}`)
    await page.getByRole('button', { name: 'Verify in this browser' }).click()
    await page.locator('.outcome-proven').waitFor()
    await page.evaluate('document.activeElement.blur(); scrollTo(0, 0)')
    await shoot(page, 'order', 900)

    await holdToday(page, demo.url)
    await shoot(page, 'bill', 900)

    const phone = await openPage(browser, `${demo.url}#/orders/${id}`, { width: 360, theme: 'dark' })
    await phone.page.locator('.timeline svg').waitFor()
    await shoot(phone.page, 'order-phone', 740)
  } finally {
    await demo.end()
  }
}

async function till(browser: Browser): Promise<void> {
  const demo = await startDemo('--faults', 'none', '--seed', '5')
  try {
    const { page } = await openPage(browser, `${demo.url}#/till`)
    await page.getByRole('button', { name: /The reply gets lost/ }).click()
    await page.locator('.tale[data-ended="true"]').waitFor({ timeout: 60_000 })
    await page.evaluate('document.activeElement.blur(); scrollTo(0, 0)')
    await shoot(page, 'till', 900)
  } finally {
    await demo.end()
  }
}

mkdirSync(images, { recursive: true })
buildDashboard()
const browser = await openBrowser()
try {
  await till(browser)
  await desk(browser)
} finally {
  await browser.close()
}
