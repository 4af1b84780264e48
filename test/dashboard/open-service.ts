import type { AddressInfo } from 'node:net'
import type { Browser } from 'playwright-core'
import { TestService } from '../support/http-service.ts'
import { type Looks, type OpenedPage, openBrowser, openPage } from './browser.ts'
import { buildDashboard } from './build.ts'

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

  async close(): Promise<void> {
    await this.browser.close()
    await this.service.close()
  }
}
