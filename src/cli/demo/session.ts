import { type Clock, compressedClock, sleep, systemClock } from '../../clock.ts'
import { VerdictError } from '../../errors.ts'
import type { Gateway } from '../../gateway/gateway.ts'
import { accountName } from '../../gateway/wechatpay/account.ts'
import { accountsFromFile } from '../../gateway/wechatpay/account-file.ts'
import { sqliteStore } from '../../store/sqlite/index.ts'
import type { Store } from '../../store/store.ts'
import { gatewayFor, Verdict, type VerdictOptions } from '../../verdict.ts'
import { anchorIn } from './clock-file.ts'
import type { ShopEdges } from './customers.ts'
import {
  checkSpeed,
  type DemoFlags,
  demoFiles,
  keepRun,
  type Run,
  SPEED_LIVE,
  SPEED_ONCE,
  theRun,
} from './options.ts'
import { TruthTeller, WeChatPay } from './wechat-pay.ts'

export interface DemoEdges {
  /** Progress, for people: standard error. */
  readonly say: (sentence: string) => void
  /** The result: standard output. */
  readonly print: (line: string) => void
  readonly signal: AbortSignal
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
  checkSpeed(flags.speed)
  const files = demoFiles(flags.store)
  const given = theRun(flags, files.run)
  const closing: Array<() => Promise<void>> = []
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).reverse()) await end()
  }
  try {
    const store = await ownStore(files.store, edges)
    closing.push(() => store.close())
    const anchor = anchorIn(files.clock, flags.speed, flags.once ? SPEED_ONCE : SPEED_LIVE)
    const clock = compressedClock(anchor)
    const startedAtMs = given.startedAtMs ?? clock.nowMs()
    const run = keepRun(files.run, { ...given, startedAtMs })
    sayWhatRuns(run, anchor.speed, files.store, edges)

    const { say } = edges
    const { seed, faults, port } = run
    const weChatPay = new WeChatPay({ dir: files.weChatPay, clockFile: files.clock, port, seed, faults, say })
    closing.push(() => weChatPay.end())
    await weChatPay.start()
    const accounts = await accountsFromFile(weChatPay.accountFile)
    const baseUrl = accounts[0]?.baseUrl ?? ''
    say(
      `WeChat Pay is simulated at ${baseUrl} by process ${weChatPay.pid}; Verdict is process ${process.pid}`,
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
    const shop: ShopEdges = { verdict, clock, accounts, elsewhere, seed, startedAtMs, say }
    return { run, speed: anchor.speed, clock, store, verdict, truth: new TruthTeller(baseUrl), shop, close }
  } catch (error) {
    await close()
    throw error
  }
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

const OWNER_WAIT_MS = 15_000
const OWNER_RETRY_MS = 250

/** A run that was just killed may still be going: waits a little for it to let go of the store. */
async function ownStore(file: string, { say, signal }: DemoEdges): Promise<Store> {
  const untilMs = systemClock.nowMs() + OWNER_WAIT_MS
  for (let attempt = 0; ; attempt++) {
    try {
      return await sqliteStore({ file })
    } catch (error) {
      const isInUse = error instanceof VerdictError && error.code === 'STORE_IN_USE'
      if (!isInUse || systemClock.nowMs() > untilMs) throw error
      if (attempt === 0) say(`${error.message}; waiting for it to end`)
      await sleep(systemClock, OWNER_RETRY_MS, signal)
    }
  }
}
