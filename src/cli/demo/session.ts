import { existsSync } from 'node:fs'
import { nodeCallbacks } from '../../callback/node-http.ts'
import { type Clock, compressedClock } from '../../clock.ts'
import { KINDS } from '../../core/order.ts'
import { type Policy, TWO_PERIOD_POLICY } from '../../core/policy.ts'
import { VerdictError } from '../../errors.ts'
import type { Gateway } from '../../gateway/gateway.ts'
import { accountName, type WechatPayAccount } from '../../gateway/wechatpay/account.ts'
import { accountsFromFile } from '../../gateway/wechatpay/account-file.ts'
import { sqliteStore } from '../../store/sqlite/index.ts'
import type { Store } from '../../store/store.ts'
import { gatewayFor, Verdict, type VerdictAccount, type VerdictOptions } from '../../verdict.ts'
import { whenFree } from '../when-free.ts'
import { BackOffice, demoSecret } from './back-office.ts'
import { anchorIn } from './clock-file.ts'
import type { ShopEdges } from './customers.ts'
import { openDoor } from './door.ts'
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
    const accounts = (await accountsFromFile(weChatPay.accountFile)).map((account) =>
      demoAccount(account, given, notify_url),
    )
    const baseUrl = accounts[0]?.baseUrl ?? ''
    say(
      `WeChat Pay is simulated at ${baseUrl} by process ${weChatPay.pid}; Verdict is process ${process.pid}; the truth is told at ${baseUrl}/_sim/orders`,
    )

    const createGateway = sabotaged(clock, edges.sabotage)
    let opened: Verdict | null = null
    const secret = demoSecret(accounts[0]?.apiV3Key ?? '')
    door.open(WEBHOOKS, new BackOffice({ verdict: () => opened, seed, secret }).answer)
    const verdict = await Verdict.open({
      store,
      accounts,
      clock,
      createGateway,
      webhooks: [{ name: 'shop', url: `${own}${WEBHOOKS}`, secret, allowPrivate: true, timeoutMs: 60_000 }],
      callbackAnswerMs: ANSWER_MS * anchor.speed,
      // That WeChat Pay itself could not reach this machine, everybody knows.
      notify: ({ message }) => message.startsWith('notify_url') || say(message),
    })
    closing.push(() => verdict.close())
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
    return { run, speed: anchor.speed, clock, store, verdict, truth, shop, close }
  } catch (error) {
    await close()
    throw error
  }
}

const CALLBACKS = '/callbacks'
const WEBHOOKS = '/shop/webhooks'
/** Real time: the machine doesn't write faster because time runs faster. */
const ANSWER_MS = 4_000

/** Other systems of the merchant use the account, too: some callbacks are about their orders. */
function demoAccount(account: WechatPayAccount, run: Run, notify_url: string): VerdictAccount {
  const policies = run.queriesBeforeCallback
    ? {}
    : Object.fromEntries(WITH_CALLBACKS.map((kind) => [kind, PATIENT]))
  return { ...account, notify_url, unknownCallbacks: 'count', policies }
}

const WITH_CALLBACKS = KINDS.filter((kind) => kind !== 'quick_pay')

/** As patient as the guide allows: period 1 is a minute (1.12), and hardly anything follows it. */
const PATIENT: Policy = { ...TWO_PERIOD_POLICY, firstMs: 60_000, queriesAtMs: [], thenEveryMs: 600_000 }

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
