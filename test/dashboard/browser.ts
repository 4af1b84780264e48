import { existsSync, mkdirSync, readFileSync, rmdirSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import sparticuz from '@sparticuz/chromium'
import { type Browser, chromium, type Page } from 'playwright-core'

/* A real browser: VERDICT_TEST_CHROMIUM, the machine's own, or the one that comes with @sparticuz/chromium. */

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']
const ON_A_MAC = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'

export async function openBrowser(): Promise<Browser> {
  const own = process.env.VERDICT_TEST_CHROMIUM ?? ofTheMachine()
  if (own !== undefined) return chromium.launch({ executablePath: own, args: ['--no-sandbox'] })
  // One process for everything is for places that allow no second one, and ends with its first page.
  const args = sparticuz.args.filter((arg) => arg !== '--single-process')
  return chromium.launch({ executablePath: await unpacked(), args: [...args, '--no-sandbox'] })
}

function ofTheMachine(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const paths = [...folders.flatMap((folder) => NAMES.map((name) => join(folder, name))), ON_A_MAC]
  return paths.find((path) => existsSync(path))
}

const LOCK = join(tmpdir(), 'verdict-chromium.lock')
const UNPACKING_MS_MAX = 60_000

/** It is unpacked once on a machine; of several test files that start together, one does it and the others wait. */
async function unpacked(): Promise<string> {
  while (!locked()) await new Promise((resolve) => setTimeout(resolve, 100))
  try {
    return await sparticuz.executablePath()
  } finally {
    rmdirSync(LOCK)
  }
}

function locked(): boolean {
  try {
    mkdirSync(LOCK)
    return true
  } catch {
    // Whoever was killed meanwhile left it behind.
    const isOld = existsSync(LOCK) && Date.now() - statSync(LOCK).mtimeMs > UNPACKING_MS_MAX
    if (isOld) rmdirSync(LOCK)
    return false
  }
}

export interface Looks {
  readonly width?: 360 | 1440
  readonly theme?: 'light' | 'dark'
  readonly language?: 'en' | 'zh'
}

/** A page of a person's own. What its console complains about is in `complaints`. */
export interface OpenedPage {
  readonly page: Page
  readonly complaints: readonly string[]
}

export async function openPage(
  browser: Browser,
  url: string,
  { width = 1440, theme = 'light', language = 'en' }: Looks = {},
): Promise<OpenedPage> {
  const context = await browser.newContext({
    viewport: { width, height: width === 360 ? 740 : 900 },
    colorScheme: theme,
    locale: language === 'zh' ? 'zh-CN' : 'en-GB',
    // What moves is on its way; a check of colours wants it there.
    reducedMotion: 'reduce',
  })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.goto(url)
  return { page, complaints }
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What axe-core finds wrong with the page as it is, a line for each place. */
export async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe)
  return page.evaluate(async () => {
    interface Found {
      readonly violations: ReadonlyArray<{
        readonly id: string
        readonly nodes: ReadonlyArray<{ readonly html: string; readonly failureSummary?: string }>
      }>
    }
    const { axe: run } = globalThis as unknown as { readonly axe: { run(): Promise<Found> } }
    const found = await run.run()
    return found.violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
    )
  })
}

/** How many pixels the page is wider than its window: none, or it has to be pushed about. */
export function overhang(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - innerWidth')
}
