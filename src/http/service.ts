import { setMaxListeners } from 'node:events'
import { isDeepStrictEqual } from 'node:util'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { systemClock, within } from '../clock.ts'
import { type Statistics, sumOf } from '../engine/report.ts'
import type { ServiceConfig } from '../service-config.ts'
import type { Store } from '../store/store.ts'
import { Verdict } from '../verdict.ts'
import type { Desk } from './desk.ts'
import { apiServer, callbackServer } from './server.ts'
import { knownByFailures } from './store-failures.ts'
import { openWatching, type Watching } from './watching.ts'

export interface ServiceOptions {
  readonly config: ServiceConfig
  readonly store: Store
  readonly version: string
  readonly logger: Logger
}

/** What is under way when the service ends may take so long: less than orchestrators, and the next process, wait for it. */
const GRACE_MS = 10_000
/** What Verdict has given up by then is still answered. */
const LAST_ANSWERS_MS = 1_000

/** Verdict as a service: the engine, the API, and the callbacks' address, in one process. */
export class Service {
  readonly #options: ServiceOptions
  readonly #watching: Watching
  readonly #desk: { -readonly [Name in keyof Desk]: Desk[Name] }
  readonly #ending = new AbortController()
  #servers: readonly FastifyInstance[] = []
  /** One after the other, and none once the service ends. */
  #reloading: Promise<unknown> = Promise.resolve()
  /** Counted by those that were closed; and who counts while it closes. */
  #counted: readonly Statistics[] = []
  #closing: Verdict | null = null

  private constructor(options: ServiceOptions, verdict: Verdict, watching: Watching) {
    this.#options = options
    this.#watching = watching
    // As many listen as wait for a verdict.
    setMaxListeners(0, this.#ending.signal)
    this.#desk = { verdict, store: options.store, clock: systemClock, ending: this.#ending.signal }
  }

  /** Follows the orders, and listens. @throws as `Verdict.open`, and what the ports say */
  static async open(given: ServiceOptions): Promise<Service> {
    const store = knownByFailures(given.store)
    const options = { ...given, store }
    const opened: { service: Service | null } = { service: null }
    const verdictNow = (): Verdict | undefined =>
      opened.service === null ? undefined : opened.service.#desk.verdict
    const watching = openWatching({
      statistics: () => opened.service?.counts ?? null,
      accounts: () => verdictNow()?.accounts ?? [],
      bills: async () => (await verdictNow()?.bills()) ?? [],
      store,
      clock: systemClock,
    })
    const service = new Service(options, await openVerdict(options, options.config, watching), watching)
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
  reload(read: () => Promise<ServiceConfig>): Promise<void> {
    const reloading = this.#reloading.then(async () => this.#goOnWith(await read()))
    this.#reloading = reloading.catch(() => {})
    return reloading
  }

  /** What all that worked here, one after the other, have counted. */
  get counts(): Statistics {
    const closing = this.#closing === null ? [] : [this.#closing.statistics]
    return sumOf([...this.#counted, ...closing, this.#desk.verdict.statistics])
  }

  /**
   * Who waits for a verdict is answered at once; what else is under way is finished, for at most 10 s. Writes it, and gives
   * the claims back. Leaves the store open.
   */
  async close(): Promise<void> {
    this.#ending.abort()
    this.#watching.events.end()
    await this.#reloading
    const closed = Promise.all(this.#servers.map((server) => server.close()))
    await within(systemClock, GRACE_MS, closed)
    await this.#desk.verdict.close()
    await within(systemClock, LAST_ANSWERS_MS, closed)
    for (const { server } of this.#servers) server.closeAllConnections()
    await closed
  }

  async #goOnWith(config: ServiceConfig): Promise<void> {
    if (this.#ending.signal.aborted) return
    const { logger } = this.#options
    const { http, store } = this.#options.config
    if (!isDeepStrictEqual([config.http, config.store], [http, store]))
      logger.warn('http and store of the configuration count when the service is started again')
    // Opened first: a configuration that is wrong must not end the one that works.
    const next = await openVerdict(this.#options, config, this.#watching)
    const before = this.#desk.verdict
    this.#closing = before
    this.#desk.verdict = next
    await before
      .close()
      .catch((err: unknown) => logger.error({ err }, 'the former configuration did not end well'))
    this.#closing = null
    this.#counted = [sumOf([...this.#counted, before.statistics])]
  }

  async #listen(): Promise<void> {
    const { config, version, logger } = this.#options
    const { host, port, callbackHost, callbackPort, trustedProxies } = config.http
    const options = { desk: this.#desk, version, logger, watching: this.#watching, trustedProxies }
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
  watching: Watching,
): Promise<Verdict> {
  return Verdict.open({
    store,
    accounts: config.accounts,
    webhooks: config.webhooks,
    reconcileAt: config.reconcileAt,
    observer: watching.observer,
    notify: ({ level, message }) => logger[level](message),
  })
}
