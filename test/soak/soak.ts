import { randomBytes } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { sleep, systemClock } from '../../src/clock.ts'
import { accountsFromFile } from '../../src/index.ts'
import { sqliteStore } from '../../src/store/sqlite/index.ts'
import { openBackOffice } from './back-office.ts'
import { type Compared, compare } from './compare.ts'
import type { SoakRun } from './judge.ts'
import type { LeakName } from './leaks.ts'
import { exitOf, type Started, startProcess, wordFrom } from './processes.ts'
import { progressLine } from './report.ts'
import type { Sample } from './sample.ts'
import type { VerdictSettings, WeChatPaySettings, WordFromVerdict, WordFromWeChatPay } from './words.ts'

export interface SoakOptions {
  readonly minutes: number
  /** How long the last orders have to end; what is open then had no time. */
  readonly drainMinutes: number
  readonly ordersPerSecond: number
  readonly seed: number
  readonly leak: LeakName | null
  /** The store, WeChat Pay's truth and all samples lie here. */
  readonly dir: string
}

export interface SoakEdges {
  readonly say: (sentence: string) => void
  /** Aborts when somebody has seen enough: what there is is judged. */
  readonly signal: AbortSignal
}

export interface Soaked extends SoakRun {
  readonly webhooksTaken: Readonly<Record<string, number>>
  /** What Verdict told whoever runs it: how often. */
  readonly notices: Readonly<Record<string, number>>
}

const MINUTE_MS = 60_000
/** Long enough to be sure that nothing ends it. */
const EXIT_MS_MAX = 15_000
const CLOSE_MS_MAX = 60_000
const DRAIN_LOOK_MS = 1_000
const TROUBLES_KEPT_MAX = 20

export async function soak(options: SoakOptions, edges: SoakEdges): Promise<Soaked> {
  const { dir, seed } = options
  const { say } = edges
  const backOffice = await openBackOffice(seed)
  const weChatPaySettings: WeChatPaySettings = { dir: join(dir, 'wechatpay'), seed }
  const weChatPay = startProcess('./wechat-pay-process.ts', weChatPaySettings, { say })
  try {
    const { url } = await wordFrom<WordFromWeChatPay>(weChatPay, ({ word }) => word === 'open')
    return { ...(await verdictUnderLoad(options, edges, { url, backOffice })) }
  } finally {
    if (weChatPay.child.connected) weChatPay.child.disconnect()
    await exitOf(weChatPay, EXIT_MS_MAX)
    await backOffice.close()
  }
}

interface Others {
  readonly url: string
  readonly backOffice: Awaited<ReturnType<typeof openBackOffice>>
}

async function verdictUnderLoad(
  { minutes, drainMinutes, ordersPerSecond, seed, leak, dir }: SoakOptions,
  { say, signal }: SoakEdges,
  { url, backOffice }: Others,
): Promise<Soaked> {
  const settings: VerdictSettings = {
    storeFile: join(dir, 'verdict.db'),
    accountFile: join(dir, 'wechatpay', 'account.json'),
    webhook: { url: backOffice.url, secret: `whsec_${randomBytes(32).toString('base64')}` },
    seed,
    ordersPerSecond,
    loadMs: minutes * MINUTE_MS,
    leak,
  }
  const process = startProcess('./verdict-process.ts', settings, { execArgv: ['--expose-gc'], say })
  const heard = listenTo(process, join(dir, 'samples.jsonl'), say)
  const early = process.ended.then((how) => `Verdict's process ended too early: ${how}`)
  const hasEnded = early.then(() => {})
  const opened = wordFrom<WordFromVerdict>(process, ({ word }) => word === 'open')
  await opened
  say(`Verdict is process ${process.child.pid}, WeChat Pay is simulated at ${url}; all files are in ${dir}`)

  await Promise.race([pause(minutes * MINUTE_MS, signal), hasEnded])
  const loadEnded = wordFrom<WordFromVerdict>(process, ({ word }) => word === 'load-ended')
  if (process.child.connected) process.child.send({ do: 'end-load' })
  say('no more orders come')
  const ended = await loadEnded.catch(() => null)
  await drained(heard.samples, drainMinutes * MINUTE_MS, signal, hasEnded)

  const endedAtMs = systemClock.nowMs()
  const closing = wordFrom<WordFromVerdict>(process, ({ word }) => word === 'closed')
  if (process.child.connected) process.child.send({ do: 'close' })
  const closed = await Promise.race([closing.catch(() => null), pause(CLOSE_MS_MAX).then(() => null)])
  const exitedAfterMs = await exitOf(process, EXIT_MS_MAX)
  say('Verdict is closed; its store is compared with the truth')
  const entered = ended?.word === 'load-ended' ? ended.entered : (heard.samples.at(-1)?.entered ?? 0)
  const compared = await compareAll(settings, { url, entered, endedAtMs }).catch((error: unknown) => {
    say(`the comparison failed: ${error instanceof Error ? error.stack : error}`)
    return null
  })
  return {
    ...heard,
    loadMs: settings.loadMs,
    closed: closed?.word === 'closed' ? closed : null,
    exitedAfterMs,
    compared,
    webhooksTaken: backOffice.taken,
  }
}

/** Keeps what the process says; all samples also in a file. */
function listenTo(
  { child }: Started,
  file: string,
  say: (line: string) => void,
): Pick<Soaked, 'notices'> & { samples: Sample[]; troubles: string[] } {
  const heard = { samples: [] as Sample[], troubles: [] as string[], notices: {} as Record<string, number> }
  let saidAtMs = 0
  child.on('message', (word: WordFromVerdict) => {
    if (word.word === 'trouble') {
      if (heard.troubles.length < TROUBLES_KEPT_MAX) heard.troubles.push(word.sentence)
      say(word.sentence)
    } else if (word.word === 'notice') {
      // Names and numbers differ from order to order; the sentence counts.
      const sentence = word.message.replace(/(K\d+|OTHER)-\w+/g, '$1-…').replace(/\d{4,}/g, '…')
      heard.notices[sentence] = (heard.notices[sentence] ?? 0) + 1
    } else if (word.word === 'sample') {
      heard.samples.push(word.sample)
      appendFileSync(file, `${JSON.stringify(word.sample)}\n`)
      if (word.sample.atMs - saidAtMs < MINUTE_MS - 5_000) return
      saidAtMs = word.sample.atMs
      say(progressLine(word.sample))
    }
  })
  return heard
}

/** Resolves when no order is open any more, when the time for it is over, or when the signal aborts. */
async function drained(
  samples: readonly Sample[],
  ms: number,
  signal: AbortSignal,
  hasEnded: Promise<void>,
): Promise<void> {
  const untilMs = systemClock.nowMs() + ms
  let isOver = false
  void hasEnded.then(() => {
    isOver = true
  })
  while (!isOver && !signal.aborted && systemClock.nowMs() < untilMs) {
    const last = samples.at(-1)
    if (last?.phase === 'drain' && last.openOrders === 0) return
    await pause(DRAIN_LOOK_MS, signal)
  }
}

async function compareAll(
  { storeFile, accountFile }: VerdictSettings,
  known: { url: string; entered: number; endedAtMs: number },
): Promise<Compared> {
  const accounts = await accountsFromFile(accountFile)
  const named = accounts.map(
    (account) => [account.mode === 'common' ? account.mchid : account.sp_mchid, account.apiV3Key] as const,
  )
  const store = await sqliteStore({ file: storeFile })
  try {
    return await compare({ store, apiV3Keys: new Map(named), ...known })
  } finally {
    await store.close()
  }
}

/** Over early if the signal aborts. */
function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return sleep(systemClock, ms, signal).catch(() => {})
}
