import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { CallbackReceiver } from '../callback/http.ts'
import { nodeCallbacks } from '../callback/node-http.ts'
import { VerdictError } from '../errors.ts'
import { accountName, type WechatPayAccount } from '../gateway/wechatpay/account.ts'
import { accountsFromFile } from '../gateway/wechatpay/account-file.ts'
import { sqliteStore } from '../store/sqlite/index.ts'
import { Verdict } from '../verdict.ts'
import { aborted } from './ending.ts'
import type { Io } from './io.ts'

export interface ListenOptions {
  readonly dir: string
  readonly port?: number | undefined
  /** `out_trade_no:total:currency`. */
  readonly expect: readonly string[]
  readonly store?: string | undefined
  readonly json: boolean
}

/**
 * `verdict listen`: answers callbacks at any path, until the signal aborts. Nothing is asked and nothing is sent.
 *
 * @throws OPTION_INVALID, KEY_INVALID, STORE_INVALID, STORE_IN_USE
 */
export async function listenForCallbacks(options: ListenOptions, edges: Io): Promise<void> {
  const { say, signal } = edges
  const expected = options.expect.map(expectedOrder)
  const port = checkedPort(options.port)
  const accounts = await accountsFromFile(join(options.dir, 'account.json'))
  const store = await sqliteStore({ file: options.store ?? ':memory:' })
  try {
    const verdict = await Verdict.open({
      store,
      accounts,
      start: false,
      notify: ({ message }) => say(message),
    })
    try {
      for (const account of accounts) for (const order of expected) await register(verdict, account, order)
      const server = createServer(nodeCallbacks(reporting(verdict, options, edges)))
      await listening(server, port)
      say(
        `callbacks are answered at http://127.0.0.1:${(server.address() as AddressInfo).port}/ and any path below it`,
      )
      say(`  accounts: ${accounts.map(accountName).join(', ')}; orders expected: ${expected.length}`)
      await aborted(signal)
      server.close()
      server.closeAllConnections()
    } finally {
      await verdict.close()
    }
  } finally {
    await store.close()
  }
}

interface Expected {
  readonly out_trade_no: string
  readonly amount: { readonly total: number; readonly currency: string }
}

function expectedOrder(text: string): Expected {
  // No out_trade_no holds a colon.
  const [out_trade_no = '', total = '', currency = '', ...more] = text.split(':')
  const isWhole = out_trade_no !== '' && /^\d+$/.test(total) && currency !== '' && more.length === 0
  if (isWhole) return { out_trade_no, amount: { total: Number(total), currency } }
  throw new VerdictError(
    'OPTION_INVALID',
    `--expect is ${JSON.stringify(text)}; expected out_trade_no:total:currency, such as A42:8800:HKD`,
  )
}

function checkedPort(port = 0): number {
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  throw new VerdictError('OPTION_INVALID', `--port is ${port}; expected a whole number from 0 to 65535`)
}

/** Under every account: which of them is meant, the callback says. An institution's needs its sub-merchant. */
async function register(verdict: Verdict, account: WechatPayAccount, order: Expected): Promise<void> {
  const common = { ...order, kind: 'native', account: accountName(account) } as const
  if (account.mode === 'common') await verdict.track(common)
  else if (account.sub_mchid !== undefined) await verdict.track({ ...common, sub_mchid: account.sub_mchid })
}

/** A line for each callback: what was answered, and how the counts stand. */
function reporting(verdict: Verdict, { json }: ListenOptions, { print }: Io): CallbackReceiver {
  return async (callback) => {
    const reply = await verdict.callbacks(callback)
    const { status, body } = reply
    const why: string = body === '' ? 'received' : JSON.parse(body).message
    const { callbacks } = verdict.statistics
    print(json ? JSON.stringify({ status, message: why, callbacks }) : `${status} ${why}`)
    return reply
  }
}

async function listening(server: Server, port: number): Promise<void> {
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  } catch (cause) {
    throw new VerdictError(
      'OPTION_INVALID',
      `--port is ${port}, which can't be listened on; expected a free one`,
      {
        cause,
      },
    )
  }
}
