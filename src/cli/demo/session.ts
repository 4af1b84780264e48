import { nodeCallbacks } from '../../callback/node-http.ts'
import { type Clock, compressedClock } from '../../clock.ts'
import type { Observer } from '../../engine/observer.ts'
import { PULSE_TIMES } from '../../engine/pulse.ts'
import type { Gateway } from '../../gateway/gateway.ts'
import { accountName } from '../../gateway/wechatpay/account.ts'
import { accountsFromFile } from '../../gateway/wechatpay/account-file.ts'
import type { Store } from '../../store/store.ts'
import { gatewayFor, Verdict, type VerdictOptions } from '../../verdict.ts'
import type { Io } from '../io.ts'
import { ANSWER_MS, CALLBACKS, demoAccount, demoWebhook, WEBHOOKS } from './accounts.ts'
import { BackOffice } from './back-office.ts'
import { Chaos } from './chaos.ts'
import { anchorIn } from './clock-file.ts'
import type { ShopEdges } from './customers.ts'
import { openDemoStore, refuseForeignOrders } from './demo-store.ts'
import { openDoor } from './door.ts'
import { checkFlags, type DemoFlags, SPEED_LIVE, SPEED_ONCE, SPEED_TEAM } from './options.ts'
import { demoFiles, keepRun, type Run, theRun } from './run.ts'
import type { Terminal } from './screen.ts'
import type { Service } from './service.ts'
import { Team } from './team.ts'
import { TruthTeller } from './truth-teller.ts'
import { WeChatPay } from './wechat-pay.ts'

export interface DemoEdges extends Io {
  /** Verdict's own. */
  readonly version: string
  /** Where the live table is drawn, if it is a terminal. */
  readonly terminal?: Terminal
  /** For tests of the audit itself: puts something between Verdict and WeChat Pay. */
  readonly sabotage?: (gateway: Gateway) => Gateway
}

/** Everything that runs during a demo: Verdict in one process or several, WeChat Pay in another, and one time. */
export interface Session {
  readonly run: Run
  readonly speed: number
  readonly clock: Clock
  readonly store: Store
  readonly verdict: Service
  /** Null where nobody is harmed. */
  readonly chaos: Chaos | null
  /** Null where one process has all for itself. */
  readonly workers: number | null
  readonly truth: TruthTeller
  readonly shop: ShopEdges
  close(): Promise<void>
}

/** @throws OPTION_INVALID, STORE_INVALID, STORE_IN_USE */
export async function openSession(flags: DemoFlags, edges: DemoEdges): Promise<Session> {
  checkFlags(flags)
  const files = demoFiles(flags.store)
  const given = theRun(flags, files)
  const closing: Array<() => Promise<void>> = []
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).reverse()) await end()
  }
  try {
    const { say, signal } = edges
    const kept = await openDemoStore(flags, files, edges)
    const { store } = kept
    closing.push(() => kept.close())
    await refuseForeignOrders(kept, files)
    const anchor = anchorIn(files.clock, flags.speed, usualSpeed(flags))
    const clock = compressedClock(anchor)
    keepRun(files, given)
    sayWhatRuns(given, anchor.speed, kept.name, edges)

    const door = await openDoor(given.ownPort)
    closing.push(() => door.close())
    const { seed, faults, port, callbacks } = given
    const { weChatPay: dir, clock: clockFile } = files
    const weChatPay = new WeChatPay({ dir, clockFile, port, seed, faults, callbacks, say })
    closing.push(() => weChatPay.end())
    await weChatPay.start()
    signal.throwIfAborted()
    const own = `http://127.0.0.1:${door.port}`
    const notify_url = `${own}${CALLBACKS}`
    const { queriesBeforeCallback } = given
    const accounts = (await accountsFromFile(weChatPay.accountFile)).map((account) =>
      demoAccount(account, { own, queriesBeforeCallback }),
    )
    const baseUrl = accounts[0]?.baseUrl ?? ''
    say(
      `WeChat Pay is simulated at ${baseUrl} by process ${weChatPay.pid}; Verdict is ${processes(flags.workers ?? 1)} below ${process.pid}; the truth is told at ${baseUrl}/_sim/orders`,
    )

    let opened: Service | null = null
    const webhook = demoWebhook(own, accounts)
    const { secret } = webhook
    door.open(WEBHOOKS, new BackOffice({ verdict: () => opened, seed, secret: String(secret) }).answer)
    const team =
      kept.url === null || flags.workers === undefined
        ? null
        : await Team.open({
            workers: flags.workers,
            say,
            setup: {
              ...{ storeUrl: kept.url, accountFile: weChatPay.accountFile, clockFile, own },
              queriesBeforeCallback,
            },
          })
    const shown: { verdict: Verdict | null } = { verdict: null }
    const site = flags.once ? null : await import('./site.ts')
    const watching = site?.demoWatching(store, clock, () => shown.verdict) ?? null
    const openVerdict = async (more: Partial<VerdictOptions>): Promise<Verdict> => {
      const one = await Verdict.open({
        store,
        accounts,
        clock,
        createGateway: sabotaged(clock, edges.sabotage, more.observer),
        webhooks: [webhook],
        callbackAnswerMs: ANSWER_MS * anchor.speed,
        // That WeChat Pay itself could not reach this machine, everybody knows.
        notify: ({ message }) => message.startsWith('notify_url') || say(message),
        pulse: { ...PULSE_TIMES, beatMs: PULSE_TIMES.beatMs * anchor.speed },
        ...more,
      })
      closing.push(() => one.close())
      return one
    }
    const alone =
      team === null ? await openVerdict(watching === null ? {} : { observer: watching.observer }) : null
    if (team !== null) closing.push(() => team.close())
    const verdict: Service = team ?? (alone as Verdict)
    opened = verdict
    door.open(CALLBACKS, nodeCallbacks(verdict.callbacks))
    const elsewhere = new Map(
      accounts.map((account) => [accountName(account), gatewayFor(account, { clock })]),
    )
    for (const gateway of elsewhere.values()) closing.push(() => gateway.end())
    // Only now: what was opened so far took minutes of simulated time, and the first customers would come all at once.
    const startedAtMs = given.startedAtMs ?? clock.nowMs()
    const run = keepRun(files, { ...given, startedAtMs, ownPort: door.port })
    const shop: ShopEdges = { verdict, store, clock, accounts, elsewhere, seed, startedAtMs, notify_url, say }
    const truth = new TruthTeller(baseUrl, signal)
    const chaos =
      team === null || flags.chaos !== true ? null : new Chaos({ team, server: kept.server, seed, say })
    if (chaos !== null) closing.push(() => chaos.end())
    const workers = team === null ? null : (flags.workers ?? null)
    if (site !== null && watching !== null) {
      // Beside a team it only looks, and writes what a person wants: the team does it.
      shown.verdict = alone ?? (await openVerdict({ start: false }))
      const { url, close } = await site.openSite({
        ...{ verdict: shown.verdict, service: verdict, store, clock, speed: anchor.speed, accounts, run },
        ...{ watching, door, version: edges.version, say },
      })
      closing.push(close)
      say(`look at it: ${url}, and play with it: ${url}#/till`)
    }
    return { run, speed: anchor.speed, clock, store, verdict, chaos, workers, truth, shop, close }
  } catch (error) {
    await close()
    throw error
  }
}

function usualSpeed({ once, workers = 1 }: DemoFlags): number {
  if (!once) return SPEED_LIVE
  return workers > 1 ? SPEED_TEAM : SPEED_ONCE
}

function sayWhatRuns({ orders, seed, faults }: Run, speed: number, file: string, { say }: DemoEdges): void {
  say(
    `verdict demo: ${orders ?? 'ever more'} orders, seed ${seed}, faults ${faults}; time runs ${speed} times as fast`,
  )
  say(`the store is ${file}; look at an order with: npx verdict order NUMBER --store ${file}`)
}

function sabotaged(
  clock: Clock,
  sabotage: DemoEdges['sabotage'],
  observer: Observer | undefined,
): NonNullable<VerdictOptions['createGateway']> {
  return (account, onKey, sendUntilMs) => {
    const gateway = gatewayFor(account, { clock, onKey, observer, sendUntilMs })
    return sabotage === undefined ? gateway : sabotage(gateway)
  }
}

function processes(count: number): string {
  return count === 1 ? 'one process' : `${count} processes`
}
