import { existsSync } from 'node:fs'
import { type Clock, compressedClock } from '../../clock.ts'
import { VerdictError } from '../../errors.ts'
import type { Gateway } from '../../gateway/gateway.ts'
import { accountName } from '../../gateway/wechatpay/account.ts'
import { accountsFromFile } from '../../gateway/wechatpay/account-file.ts'
import { sqliteStore } from '../../store/sqlite/index.ts'
import type { Store } from '../../store/store.ts'
import { gatewayFor, Verdict, type VerdictOptions } from '../../verdict.ts'
import { whenFree } from '../when-free.ts'
import { anchorIn } from './clock-file.ts'
import type { ShopEdges } from './customers.ts'
import { checkFlags, type DemoFlags, SPEED_LIVE, SPEED_ONCE } from './options.ts'
import { type DemoFiles, demoFiles, keepRun, makeFolderOf, type Run, theRun } from './run.ts'
import type { Terminal } from './screen.ts'
import { TruthTeller } from './truth-teller.ts'
import { WeChatPay } from './wechat-pay.ts'

export interface DemoEdges {
  /** Progress, for people: standard error. */
  readonly say: (sentence: string) => void
  /** The result: standard output. */
  readonly print: (line: string) => void
  readonly signal: AbortSignal
  /** Where the live table is drawn, if it is a terminal. */
  readonly terminal?: Terminal
  /** For tests of the audit itself: puts something between Verdict and WeChat Pay. */
  readonly sabotage?: (gateway: Gateway) => Gateway
}

/** Everything that runs during a demo: two processes with two files, and one time. */
export interface Session {
  readonly run: Run
  readonly speed: number
  readonly clock: Clock
  readonly store: Store
  readonly verdict: Verdict
  readonly truth: TruthTeller
  readonly shop: ShopEdges
  close(): Promise<void>
}

/** @throws OPTION_INVALID, STORE_INVALID, STORE_IN_USE */
export async function openSession(flags: DemoFlags, edges: DemoEdges): Promise<Session> {
  checkFlags(flags)
  const files = demoFiles(flags.store)
  const given = theRun(flags, files)
  makeFolderOf(files)
  const closing: Array<() => Promise<void>> = []
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).reverse()) await end()
  }
  try {
    const { say, signal } = edges
    const store = await whenFree(() => sqliteStore({ file: files.store }), edges)
    closing.push(() => store.close())
    await refuseForeignOrders(store, files)
    const anchor = anchorIn(files.clock, flags.speed, flags.once ? SPEED_ONCE : SPEED_LIVE)
    const clock = compressedClock(anchor)
    keepRun(files, given)
    sayWhatRuns(given, anchor.speed, files.store, edges)

    const { seed, faults, port } = given
    const weChatPay = new WeChatPay({ dir: files.weChatPay, clockFile: files.clock, port, seed, faults, say })
    closing.push(() => weChatPay.end())
    await weChatPay.start()
    signal.throwIfAborted()
    const accounts = await accountsFromFile(weChatPay.accountFile)
    const baseUrl = accounts[0]?.baseUrl ?? ''
    say(
      `WeChat Pay is simulated at ${baseUrl} by process ${weChatPay.pid}; Verdict is process ${process.pid}; the truth is told at ${baseUrl}/_sim/orders`,
    )

    const createGateway = sabotaged(clock, edges.sabotage)
    const verdict = await Verdict.open({
      store,
      accounts,
      clock,
      createGateway,
      notify: ({ message }) => say(message),
    })
    closing.push(() => verdict.close())
    const elsewhere = new Map(
      accounts.map((account) => [accountName(account), gatewayFor(account, { clock })]),
    )
    for (const gateway of elsewhere.values()) closing.push(() => gateway.end())
    // Only now: what was opened so far took minutes of simulated time, and the first customers would come all at once.
    const startedAtMs = given.startedAtMs ?? clock.nowMs()
    const run = keepRun(files, { ...given, startedAtMs })
    const shop: ShopEdges = { verdict, store, clock, accounts, elsewhere, seed, startedAtMs, say }
    const truth = new TruthTeller(baseUrl, signal)
    return { run, speed: anchor.speed, clock, store, verdict, truth, shop, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Nobody's real orders are mixed with a demo's. */
async function refuseForeignOrders(store: Store, { run, store: file }: DemoFiles): Promise<void> {
  if (existsSync(run) || (await store.page(0, 1)).length === 0) return
  throw new VerdictError(
    'OPTION_INVALID',
    `--store is ${file}, which holds orders that no demo placed; expected a new file, or one of an earlier demo`,
  )
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
): NonNullable<VerdictOptions['createGateway']> {
  return (account, onKey) => {
    const gateway = gatewayFor(account, { clock, onKey })
    return sabotage === undefined ? gateway : sabotage(gateway)
  }
}
