import { pino } from 'pino'
import type { Clock } from '../../clock.ts'
import type { WechatPayAccount } from '../../gateway/wechatpay/account.ts'
import { apiServer } from '../../http/server.ts'
import { openWatching, type Watching } from '../../http/watching.ts'
import type { Store } from '../../store/store.ts'
import type { Verdict } from '../../verdict.ts'
import type { Door } from './door.ts'
import type { Run } from './run.ts'
import type { Service } from './service.ts'
import { askByHttp, controlOf } from './till/control.ts'
import { tillRoutes } from './till/routes.ts'
import { Till } from './till/till.ts'

/** The dashboard of a demo with its till, at the shop's address. Nobody needs a key: only this machine reaches it. */
export interface Site {
  readonly url: string
  close(): Promise<void>
}

export interface SiteOptions {
  readonly verdict: Verdict
  /** Who places what the till sells. */
  readonly service: Pick<Service, 'place' | 'giveUp'>
  readonly store: Store
  readonly clock: Clock
  readonly speed: number
  readonly accounts: readonly WechatPayAccount[]
  readonly run: Run
  readonly watching: Watching
  readonly door: Door
  readonly version: string
  readonly say: (sentence: string) => void
}

export async function openSite({ door, say, ...options }: SiteOptions): Promise<Site> {
  const { verdict, service, store, clock, speed, run, watching, version } = options
  const account = options.accounts.find(({ mode }) => mode === 'common')
  if (account?.baseUrl === undefined) throw new Error('the simulator has no account in common mode')
  const control = controlOf(askByHttp(account.baseUrl))
  const till = new Till({ verdict: service, store, control, clock, account, level: run.faults, say })
  const ending = new AbortController()
  const app = apiServer({
    desk: { verdict, store, clock, ending: ending.signal },
    ...{ version, watching, speed, logger: loggerOn(say), withCallbacks: false },
    ...{ everybody: 'admin', beside: tillRoutes(till, { speed }) },
  })
  await app.ready()
  // A host that the till's switch took down in an earlier run with this store is up again.
  await till.turn({})
  door.open('/', (request, response) => app.routing(request, response))
  return {
    url: `http://127.0.0.1:${door.port}/`,
    async close() {
      ending.abort()
      till.close()
      await app.close()
    },
  }
}

/** What looks on in a demo; `opened` is there once Verdict is. */
export function demoWatching(store: Store, clock: Clock, opened: () => Verdict | null): Watching {
  return openWatching({
    statistics: () => opened()?.statistics ?? null,
    accounts: () => opened()?.accounts ?? [],
    bills: async () => (await opened()?.bills()) ?? [],
    ...{ store, clock },
  })
}

/** Failures of our own side alone, as sentences: a demo's table would not survive lines of JSON. */
function loggerOn(say: (sentence: string) => void) {
  const write = (line: string): void => {
    const { msg, err } = JSON.parse(line) as {
      readonly msg?: string
      readonly err?: { readonly message: string }
    }
    say(`the dashboard's server: ${msg ?? ''}${err === undefined ? '' : ` (${err.message})`}`)
  }
  return pino({ level: 'error' }, { write })
}
