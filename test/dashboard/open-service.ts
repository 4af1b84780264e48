import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { expect } from 'vitest'
import { TestService } from '../support/http-service.ts'
import { type Looks, type OpenedPage, openBrowser, openPage } from './browser.ts'
import { buildDashboard } from './build.ts'

/** Less than a test may take, so that its failure names what did not come. */
const PATIENCE_MS = 12_000

export interface Visit {
  readonly role?: 'read' | 'operate' | null
  readonly looks?: Looks
  /** What the console may say: of a request that is refused on purpose. */
  readonly complaint?: RegExp
}

/** A service with its simulated WeChat Pay on a port, and a browser to look at it. */
export class DashboardService {
  readonly service: TestService
  readonly browser: Browser
  readonly url: string

  private constructor(service: TestService, browser: Browser, url: string) {
    this.service = service
    this.browser = browser
    this.url = url
  }

  static async open(): Promise<DashboardService> {
    buildDashboard()
    const service = await TestService.open()
    await service.app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = service.app.server.address() as AddressInfo
    return new DashboardService(service, await openBrowser(), `http://127.0.0.1:${port}/`)
  }

  /** A page of somebody who is signed in with a key of this role; null: of a stranger. */
  async page(
    hash: string,
    role: 'read' | 'operate' | null = 'operate',
    looks: Looks = {},
  ): Promise<OpenedPage> {
    const opened = await openPage(this.browser, `${this.url}docs`, looks)
    if (role !== null) {
      const reply = await opened.page.request.post(`${this.url}v1/session`, {
        data: { key: this.service.keys[role] },
      })
      if (!reply.ok()) throw new Error(await reply.text())
    }
    await opened.page.goto(`${this.url}${hash}`)
    return opened
  }

  /** A page for as long as somebody acts on it. What its console complains about fails the test. */
  async visit(
    hash: string,
    { role = 'operate', looks, complaint }: Visit,
    act: (page: Page) => Promise<void>,
  ): Promise<void> {
    const { page, complaints } = await this.page(hash, role, looks)
    page.setDefaultTimeout(PATIENCE_MS)
    try {
      await act(page)
      expect(complaints.filter((one) => complaint === undefined || !complaint.test(one))).toEqual([])
    } finally {
      await page.context().close()
    }
  }

  async close(): Promise<void> {
    await this.browser.close()
    await this.service.close()
  }
}
