import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { systemClock } from '../clock.ts'
import { accountName } from '../gateway/wechatpay/account.ts'
import type { ServiceConfig } from '../service-config.ts'
import type { Store } from '../store/store.ts'
import { Verdict } from '../verdict.ts'
import type { Desk } from './desk.ts'
import { type Metrics, openMetrics } from './metrics.ts'
import { apiServer, callbackServer } from './server.ts'

export interface ServiceOptions {
  readonly config: ServiceConfig
  readonly store: Store
  readonly version: string
  readonly logger: Logger
}

/** Verdict as a service: the engine, the API, and the callbacks' address, in one process. */
export class Service {
  readonly #options: ServiceOptions
  readonly #metrics: Metrics
  readonly #desk: { -readonly [Name in keyof Desk]: Desk[Name] }
  #servers: readonly FastifyInstance[] = []

  private constructor(options: ServiceOptions, verdict: Verdict, metrics: Metrics) {
    this.#options = options
    this.#metrics = metrics
    this.#desk = { verdict, store: options.store, clock: systemClock }
  }

  /** Follows the orders, and listens. @throws as `Verdict.open`, and what the ports say */
  static async open(options: ServiceOptions): Promise<Service> {
    const { store } = options
    const opened: { service: Service | null } = { service: null }
    const verdictNow = (): Verdict | undefined =>
      opened.service === null ? undefined : opened.service.#desk.verdict
    const metrics = openMetrics({
      statistics: () => verdictNow()?.statistics ?? null,
      accounts: () => verdictNow()?.accounts ?? [],
      attention: () => store.countAttention(),
      deliveries: () => store.countDeliveries(),
    })
    const service = new Service(options, await openVerdict(options, options.config, metrics), metrics)
    opened.service = service
    try {
      await service.#listen()
    } catch (error) {
      await service.close()
      throw error
    }
    return service
  }

  /** Where the API listens, and where callbacks do. */
  get addresses(): readonly string[] {
    return this.#servers.flatMap(({ server }) => {
      const address = server.address()
      return address === null || typeof address === 'string'
        ? []
        : [`http://${address.address}:${address.port}`]
    })
  }

  /**
   * Goes on with another configuration: keys, policies, limits and webhooks. Ports and the store stay. If it is wrong,
   * everything goes on as it was.
   *
   * @throws as `Verdict.open`
   */
  async reload(config: ServiceConfig): Promise<void> {
    const before = this.#desk.verdict
    // Opened first: a configuration that is wrong must not end the one that works.
    const next = await openVerdict(this.#options, config, this.#metrics)
    this.#desk.verdict = next
    await before.close()
  }

  /** Answers what is under way, finishes and writes it, and gives the claims back. Leaves the store open. */
  async close(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.close()))
    await this.#desk.verdict.close()
  }

  async #listen(): Promise<void> {
    const { config, version, logger } = this.#options
    const { host, port, callbackHost, callbackPort } = config.http
    const accounts = config.accounts.map(accountName)
    const options = { desk: this.#desk, accounts, version, logger, metrics: this.#metrics }
    const api = apiServer({ ...options, withCallbacks: callbackPort === null })
    this.#servers = [api]
    await api.listen({ host, port })
    if (callbackPort === null) return
    const callbacks = callbackServer(options)
    this.#servers = [api, callbacks]
    await callbacks.listen({ host: callbackHost, port: callbackPort })
  }
}

function openVerdict(
  { store, logger }: ServiceOptions,
  config: ServiceConfig,
  metrics: Metrics,
): Promise<Verdict> {
  return Verdict.open({
    store,
    accounts: config.accounts,
    webhooks: config.webhooks,
    observer: metrics.observer,
    notify: ({ level, message }) => logger[level](message),
  })
}
