import { compressedClock, systemClock } from '../../clock.ts'
import { PULSE_TIMES } from '../../engine/pulse.ts'
import { VerdictError } from '../../errors.ts'
import { accountsFromFile } from '../../gateway/wechatpay/account-file.ts'
import { postgresStore } from '../../store/postgres/index.ts'
import { Verdict } from '../../verdict.ts'
import { aborted } from '../ending.ts'
import { ANSWER_MS, demoAccount, demoWebhook } from './accounts.ts'
import { readAnchor } from './clock-file.ts'
import type { WordFromWorker, WordToWorker } from './team.ts'

/** All that a worker needs to know. */
export interface TeamSetup {
  readonly storeUrl: string
  readonly accountFile: string
  readonly clockFile: string
  /** Where the shop's system listens. */
  readonly own: string
  readonly queriesBeforeCallback: boolean
}

const STATISTICS_MS = 500

/** `verdict demo-worker`: one of several processes of Verdict in a demo, which does what its parent asks. */
export async function runTeamWorker(signal: AbortSignal): Promise<void> {
  let verdict: Verdict | null = null
  let close = async (): Promise<void> => {}
  process.on('message', (word: WordToWorker) => {
    if ('open' in word) {
      void open(word.open).then(
        (opened) => {
          verdict = opened.verdict
          close = opened.close
          tell({ opened: true })
        },
        (error: Error) => {
          tell({ notice: error.message })
          process.exit(1)
        },
      )
    } else if ('close' in word) void close().finally(() => process.exit(0))
    else if (verdict === null) tell({ nth: word.nth, code: 'CLOSED', message: 'not open yet' })
    else void answer(verdict, word)
  })
  await aborted(signal)
  await close()
}

async function open(setup: TeamSetup): Promise<{ verdict: Verdict; close: () => Promise<void> }> {
  const anchor = readAnchor(setup.clockFile)
  const store = await postgresStore({ url: setup.storeUrl })
  const accounts = await accountsFromFile(setup.accountFile)
  const verdict = await Verdict.open({
    store,
    accounts: accounts.map((account) => ({ ...demoAccount(account, setup), limits: TEAM_LIMITS })),
    clock: compressedClock(anchor),
    webhooks: [demoWebhook(setup.own, accounts)],
    callbackAnswerMs: ANSWER_MS * anchor.speed,
    notify: ({ message }) => message.startsWith('notify_url') || tell({ notice: message }),
    pulse: { ...PULSE_TIMES, beatMs: PULSE_TIMES.beatMs * anchor.speed },
  })
  let reportNoMore = (): void => {}
  const report = (): void => {
    tell({ statistics: verdict.statistics })
    reportNoMore = systemClock.after(STATISTICS_MS, report)
  }
  report()
  return {
    verdict,
    async close() {
      reportNoMore()
      await verdict.close()
      tell({ statistics: verdict.statistics })
      await store.close()
    },
  }
}

/** So small that the workers of a demo have to share them. */
export const TEAM_LIMITS = {
  place: 10,
  query: 2,
  close: 1,
  reverse: 1,
  refund: 1,
  queryRefund: 1,
  queryRefunds: 1,
} as const

async function answer(verdict: Verdict, word: Extract<WordToWorker, { ask: unknown }>): Promise<void> {
  const { ask, nth, about } = word
  try {
    if (ask === 'receive') {
      const [headers, body] = about as [string[], string]
      return tell({ nth, value: await verdict.callbacks({ headers, body: Buffer.from(body, 'base64') }) })
    }
    const method = verdict[ask].bind(verdict) as (...about: unknown[]) => Promise<unknown>
    tell({ nth, value: await method(...about) })
  } catch (error) {
    const code = error instanceof VerdictError ? error.code : null
    tell({ nth, code, message: error instanceof Error ? error.message : String(error) })
  }
}

function tell(word: WordFromWorker): void {
  process.send?.(word, () => {})
}
