import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { nameOf, type Order } from '../core/order.ts'
import { VerdictError } from '../errors.ts'
import { accountName } from '../gateway/wechatpay/account.ts'
import { accountsFromFile } from '../gateway/wechatpay/account-file.ts'
import { proofOf } from '../proof.ts'
import type { StoreReader } from '../store/store.ts'
import { demoFiles } from './demo/run.ts'
import { exportEvidence } from './export.ts'
import { readStore } from './read-store.ts'
import { isPostgresUrl } from './store-name.ts'
import { timeline } from './timeline.ts'

export interface OrderCommand extends OrderQuestion {
  readonly store: string
  readonly verify: boolean
  readonly export?: string
  /** `account.json`, whose APIv3 key opens what was learnt by a callback. Default: the one of the demo that the store is of. */
  readonly accounts?: string
  readonly json: boolean
}

/**
 * `verdict order`: reads beside the process that owns the store.
 *
 * @throws STORE_INVALID, EVIDENCE_INVALID where `verify` finds that the evidence proves nothing, and as the parts below
 */
export async function showOrder(
  command: OrderCommand,
  { print }: { print: (text: string) => void },
): Promise<void> {
  const store = await readStore(command.store)
  try {
    const order = await theOrder(store, command)
    const [journal, evidence, deliveries, keys] = await Promise.all([
      store.journalOf(order.id),
      store.evidenceOf(order.id),
      store.deliveriesOf(order.id),
      store.platformKeys(),
    ])
    const apiV3Key = await apiV3KeyOf(order, command)
    const proof = command.verify ? proofOf(order, evidence, keys, apiV3Key) : undefined
    const exported =
      command.export === undefined
        ? undefined
        : await exportEvidence(command.export, evidence, keys, apiV3Key)
    if (command.json) {
      print(JSON.stringify({ order, journal, evidence, deliveries, proof, exported }))
    } else {
      print(timeline(order, journal, deliveries))
      if (exported !== undefined) print(exported.map(({ openssl }) => openssl).join('\n'))
      if (proof?.holds) print(`verified: ${proof.because}`)
    }
    if (proof?.holds === false) {
      throw new VerdictError('EVIDENCE_INVALID', `${nameOf(order)} is not proven: ${proof.because}`)
    }
  } finally {
    await store.close()
  }
}

/** A demo keeps its accounts beside its store; else they are where `--accounts` says. */
async function apiV3KeyOf(
  { account }: Order,
  { accounts: given, store }: OrderCommand,
): Promise<string | undefined> {
  const ofDemo = isPostgresUrl(store) ? null : join(demoFiles(store).weChatPay, 'account.json')
  const file = given ?? (ofDemo !== null && existsSync(ofDemo) ? ofDemo : undefined)
  if (file === undefined) return undefined
  const accounts = await accountsFromFile(file)
  return accounts.find((one) => accountName(one) === account)?.apiV3Key
}

/** How a person names an order: its number, and the account or sub-merchant where the number alone is ambiguous. */
export interface OrderQuestion {
  readonly out_trade_no: string
  readonly account?: string | undefined
  readonly sub_mchid?: string | undefined
}

/** @throws ORDER_UNKNOWN, or ORDER_AMBIGUOUS with the candidates */
export async function theOrder(
  store: StoreReader,
  { out_trade_no, account, sub_mchid }: OrderQuestion,
): Promise<Order> {
  const named = await store.named(out_trade_no)
  const fitting = named.filter(
    (order) =>
      (account === undefined || order.account === account) &&
      (sub_mchid === undefined || order.sub_mchid === sub_mchid),
  )
  const [order, ...others] = fitting
  if (order === undefined) {
    const asked = [account, sub_mchid, out_trade_no].filter((part) => part !== undefined).join('/')
    const hint = named.length > 0 ? `; there is ${named.map(nameOf).join(', ')}` : ''
    throw new VerdictError(
      'ORDER_UNKNOWN',
      `${asked} is not in the store; expected the out_trade_no of an order that was placed or tracked${hint}`,
    )
  }
  if (others.length > 0) {
    throw new VerdictError(
      'ORDER_AMBIGUOUS',
      `${out_trade_no} names ${fitting.length} orders: ${fitting.map(nameOf).join(', ')}; name one with --account and --sub-mchid`,
    )
  }
  return order
}
