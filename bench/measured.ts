import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../src/clock.ts'
import type { OpenOrder } from '../src/core/order.ts'
import type { FixedPolicy, Policy } from '../src/core/policy.ts'
import type { Observer } from '../src/engine/observer.ts'
import { globalV3Gateway } from '../src/gateway/wechatpay/global-v3.ts'
import { undiciTransport } from '../src/gateway/wechatpay/undici-transport.ts'
import type { Store } from '../src/store/store.ts'
import { Verdict } from '../src/verdict.ts'
import { publicKeyOf } from './keys.ts'

export const MCHID = '1900000001'
/** Every order is polled this often, so that N orders ask for N / 4 polls a second. */
export const EVERY_MS = 4_000
export const EVERY_FOUR_SECONDS: FixedPolicy = {
  policy: 'fixed',
  firstMs: EVERY_MS,
  everyMs: EVERY_MS,
  jitterMs: 1_000,
  windowMs: 7_200_000,
}

/** Files with the private keys of both sides, and the name of WeChat Pay's. */
export interface BenchKeys {
  readonly merchantFile: string
  readonly wechatpayFile: string
  readonly serial: string
}

export function newKeys(dir: string): BenchKeys {
  const keyFile = (name: string): string => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const file = join(dir, name)
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
    return file
  }
  return {
    merchantFile: keyFile('merchant.pem'),
    wechatpayFile: keyFile('wechatpay.pem'),
    serial: 'PUB_KEY_ID_0119000000012026112300',
  }
}

export interface MeasuredAccount {
  readonly mchid: string
  /** Of native orders. */
  readonly policy: Policy
  readonly queriesPerSecond: number
}

export interface MeasuredOptions {
  readonly store: Store
  readonly accounts: readonly MeasuredAccount[]
  readonly keys: BenchKeys
  /** The gateway process's. */
  readonly port: number
  /** A signed query is on its way out, `lagMs` after its order's due time. */
  readonly onSent: (out_trade_no: string, lagMs: number) => void
  /** Default: nobody looks on. */
  readonly observer?: Observer
}

/** Verdict as shipped, which tells of each query at the moment that counts as sent. */
export function openMeasured(options: MeasuredOptions): Promise<Verdict> {
  const { store, accounts, keys, port, onSent, observer } = options
  const merchantPrivateKey = createPrivateKey(readFileSync(keys.merchantFile))
  const wechatpayPublicKey = String(publicKeyOf(keys.wechatpayFile).export({ type: 'spki', format: 'pem' }))
  return Verdict.open({
    store,
    ...(observer !== undefined && { observer }),
    accounts: accounts.map(({ mchid, policy, queriesPerSecond }) => ({
      mode: 'common',
      mchid,
      appid: 'wx0123456789abcdef',
      serial_no: '5F1C72E2A8931B72A2E13AF8DEE92471EB397115',
      merchantPrivateKey,
      apiV3Key: 'bench-bench-bench-bench-bench-32',
      wechatpayPublicKeyId: keys.serial,
      wechatpayPublicKey,
      baseUrl: `http://127.0.0.1:${port}`,
      policies: { native: policy },
      limits: { query: queriesPerSecond },
      merchant_category_code: '5812',
    })),
    createGateway: (account, _, sendUntilMs) => {
      const undici = undiciTransport({ clock: systemClock })
      const due = new Map<string, number>()
      const transport = Object.assign(
        (request: Parameters<typeof undici>[0]) => {
          if (request.method !== 'GET') return undici(request)
          const out_trade_no = request.path.slice(37, request.path.indexOf('?'))
          // By the clock that decides what is due, which tells whole milliseconds. `performance.timeOrigin` is some away from
          // it, and more the longer a process runs while the machine's clock is corrected.
          onSent(out_trade_no, systemClock.nowMs() + 0.5 - (due.get(out_trade_no) ?? 0))
          return undici(request)
        },
        { end: async () => undici.end?.() },
      )
      const gateway = globalV3Gateway({ account, clock: systemClock, transport, sendUntilMs })
      const query = gateway.query.bind(gateway)
      gateway.query = (order, notBeforeMs) => {
        due.set(order.out_trade_no, (order as OpenOrder).dueAtMs)
        return query(order, notBeforeMs)
      }
      return gateway
    },
  })
}
