import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../clock.ts'
import { nameOf, type Order } from '../../core/order.ts'
import { VerdictError } from '../../errors.ts'
import { accountName, type WechatPayAccount } from '../../gateway/wechatpay/account.ts'
import { accountsFromFile } from '../../gateway/wechatpay/account-file.ts'
import { type EvidenceSeen, evidenceView, orderView } from '../../http/views.ts'
import { type Proof, proofOf } from '../../proof.ts'
import { readServiceConfig } from '../../service-config.ts'
import type { StoreReader } from '../../store/store.ts'
import { demoFiles } from '../demo/run.ts'
import { readStore } from '../read-store.ts'
import { isPostgresUrl } from '../store-name.ts'
import type { OrderQuestion, Story } from './desk.ts'
import { type ExportedStatement, exportEvidence } from './export.ts'
import { serviceDesk } from './service-desk.ts'
import { booksOf } from './store-books.ts'
import { theOne } from './the-one.ts'
import { timeline } from './timeline.ts'

export interface OrderCommand extends OrderQuestion {
  /** Where a service listens; it is asked in place of the store. */
  readonly service?: string
  readonly store: string
  readonly verify: boolean
  readonly export?: string
  /** `account.json` or `verdict.config.json`, whose APIv3 key opens what was learnt by a callback. Default: the one of the demo that the store is of. */
  readonly accounts?: string
  readonly json: boolean
}

interface OrderIo {
  readonly print: (text: string) => void
  readonly clock: Clock
}

/**
 * `verdict order`: asks a service, or reads beside the process that owns the store.
 *
 * @throws STORE_INVALID, OPTION_INVALID, ORDER_UNKNOWN, ORDER_AMBIGUOUS, EVIDENCE_INVALID where `verify` finds that the evidence proves
 * nothing
 */
export async function showOrder(command: OrderCommand, io: OrderIo): Promise<void> {
  const { service, store } = command
  if (service !== undefined) return showOrderOfService(service, command, io)
  const reader = await readStore(store)
  try {
    await showOrderOfStore(reader, command, io)
  } finally {
    await reader.close()
  }
}

async function showOrderOfService(service: string, command: OrderCommand, { print }: OrderIo): Promise<void> {
  if (command.export !== undefined)
    throw new VerdictError(
      'OPTION_INVALID',
      '--export is given with --service; expected --store: only there lie the keys',
    )
  const desk = serviceDesk(service, process.env)
  const order = await desk.theOrder(command)
  const [story, evidence] = await Promise.all([desk.storyOf(order), desk.evidenceOf(order)])
  tell({
    command,
    story,
    evidence: evidence.data,
    print,
    ...(command.verify && { proof: proofIn(evidence) }),
  })
}

function proofIn({ holds, because }: EvidenceSeen): Proof {
  return { holds, because: because ?? 'the service has checked it' }
}

async function showOrderOfStore(
  store: StoreReader,
  command: OrderCommand,
  { print, clock }: OrderIo,
): Promise<void> {
  const order = theOne(await store.named(command.out_trade_no), command)
  const [story, evidence, keys] = await Promise.all([
    booksOf(store, clock).storyOf(orderView(order)),
    store.evidenceOf(order.id),
    store.platformKeys(),
  ])
  const apiV3Key = await apiV3KeyOf(order, command)
  const exported =
    command.export === undefined ? undefined : await exportEvidence(command.export, evidence, keys, apiV3Key)
  tell({
    ...{ command, story, print },
    evidence: evidence.map((piece) => evidenceView(piece, null)),
    ...(command.verify && { proof: proofOf(order, evidence, keys, apiV3Key) }),
    ...(exported !== undefined && { exported }),
  })
}

interface Told {
  readonly command: OrderCommand
  readonly story: Story
  readonly evidence: readonly object[]
  readonly proof?: Proof
  readonly exported?: readonly ExportedStatement[]
  readonly print: OrderIo['print']
}

/** @throws EVIDENCE_INVALID */
function tell({ command, story, evidence, proof, exported, print }: Told): void {
  if (command.json) print(JSON.stringify({ ...story, evidence, proof, exported }))
  else {
    print(timeline(story))
    if (exported !== undefined) print(exported.map(({ openssl }) => openssl).join('\n'))
    if (proof?.holds) print(`verified: ${proof.because}`)
  }
  if (proof?.holds === false)
    throw new VerdictError('EVIDENCE_INVALID', `${nameOf(story.order)} is not proven: ${proof.because}`)
}

/** A demo keeps its accounts beside its store; else they are where `--accounts` says. */
async function apiV3KeyOf(
  { account }: Order,
  { accounts: given, store }: OrderCommand,
): Promise<string | undefined> {
  const ofDemo = isPostgresUrl(store) ? null : join(demoFiles(store).weChatPay, 'account.json')
  const file = given ?? (ofDemo !== null && existsSync(ofDemo) ? ofDemo : undefined)
  if (file === undefined) return undefined
  const accounts = await accountsIn(file)
  return accounts.find((one) => accountName(one) === account)?.apiV3Key
}

/** Those of an `account.json`, or of a service's configuration, whose secrets may lie elsewhere. */
async function accountsIn(file: string): Promise<readonly WechatPayAccount[]> {
  if (!isServiceConfig(await readFile(file, 'utf8').catch(() => ''))) return accountsFromFile(file)
  return (await readServiceConfig(file, process.env)).accounts
}

function isServiceConfig(text: string): boolean {
  try {
    return Object.hasOwn(JSON.parse(text), 'store')
  } catch {
    // Whoever reads it next says what is wrong with it.
    return false
  }
}
