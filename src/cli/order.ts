import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { JournalLine } from '../core/change.ts'
import { isFinal, nameOf, type Order } from '../core/order.ts'
import type { Evidence } from '../core/outcome.ts'
import { VerdictError } from '../errors.ts'
import { proofOf } from '../proof.ts'
import { readSqliteStore } from '../store/sqlite/index.ts'
import type { PlatformKey, StoreReader } from '../store/store.ts'
import { signedMessage } from '../wechatpay/evidence.ts'
import { inColumns, moment, money, seconds } from './text.ts'

export interface OrderCommand extends OrderQuestion {
  readonly store: string
  readonly verify: boolean
  readonly export?: string
  readonly json: boolean
}

/** `verdict order`: reads beside the process that owns the store. @throws STORE_INVALID, and as the parts below */
export async function showOrder(
  command: OrderCommand,
  { print }: { print: (text: string) => void },
): Promise<void> {
  const store = await readSqliteStore({ file: command.store })
  try {
    const order = await theOrder(store, command)
    const [journal, evidence, keys] = await Promise.all([
      store.journalOf(order.id),
      store.evidenceOf(order.id),
      store.platformKeys(),
    ])
    print(command.json ? JSON.stringify({ order, journal, evidence }) : timeline(order, journal))
    if (command.export !== undefined) print(await exported(command.export, evidence, keys))
    if (command.verify) print(verified(order, evidence, keys))
  } finally {
    await store.close()
  }
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
    const hint = named.length > 0 ? `; there is ${named.map(nameOf).join(', ')}` : ''
    throw new VerdictError(
      'ORDER_UNKNOWN',
      `${out_trade_no} is not in the store; expected the out_trade_no of an order that was placed or tracked${hint}`,
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

/** The life of an order in words. */
export function timeline(order: Order, journal: readonly JournalLine[]): string {
  const rows = journal.map((line) => [
    moment(line.atMs),
    `+${seconds(Math.max(0, line.atMs - order.createdAtMs))}`,
    inWords(line),
  ])
  return [head(order), ...inColumns(rows)].join('\n')
}

function head(order: Order): string {
  const { kind, total, currency, attention, origin } = order
  const standing = isFinal(order)
    ? `${order.state}, learnt by ${order.verdict.learntBy} ${seconds(order.verdict.atMs - order.createdAtMs)} after it was ${origin}`
    : `${order.state}, next due ${moment(order.dueAtMs)}`
  const mark = attention === null ? '' : `\nneeds attention: ${attention}`
  return `${nameOf(order)}: ${money(total, currency)} by ${kind}, ${standing}${mark}`
}

const CALL_WORDS = { place: 'placing', query: 'query', close: 'close', reverse: 'revoke' } as const

function inWords({ event, call, said = '', note, tookMs }: JournalLine): string {
  const what = call === undefined ? '' : CALL_WORDS[call]
  const took = tookMs === undefined ? '' : ` (${seconds(tookMs)})`
  const why = note === undefined || note === '' ? '' : `: ${note}`
  switch (event) {
    case 'entered':
      return said === 'tracked' ? 'tracked: somebody else placed it' : 'entered, to be placed'
    case 'intent':
      return `${what} written down, then sent`
    case 'answer':
      return `${what} answered ${said}${took}`
    case 'refusal':
      return `${what} refused with ${said}${took}${why}`
    case 'no-answer':
      return `${what} got no answer, ${said}${took}${why}`
    case 'give-up':
      return 'given up by the merchant'
    case 'ending':
      return `to be ended: ${said}`
    case 'attention':
      return `needs attention, ${said}${why}`
    case 'verdict':
      return `verdict ${said}`
  }
}

/** Checks the stored evidence of an order's verdict again, in words. @throws EVIDENCE_INVALID */
export function verified(order: Order, evidence: readonly Evidence[], keys: readonly PlatformKey[]): string {
  const proof = proofOf(order, evidence, keys)
  if (proof.holds) return `verified: ${proof.because}`
  throw new VerdictError('EVIDENCE_INVALID', `${nameOf(order)}: ${proof.because}`)
}

/** Writes what openssl alone needs to check each piece of evidence, and returns the commands that do it. */
export async function exported(
  dir: string,
  evidence: readonly Evidence[],
  keys: readonly PlatformKey[],
): Promise<string> {
  await mkdir(dir, { recursive: true })
  const commands: string[] = []
  for (const [i, piece] of evidence.entries()) {
    const key = keys.find(({ serial }) => serial === piece.serial)
    if (key === undefined)
      throw new VerdictError('EVIDENCE_INVALID', `the public key ${piece.serial} is not in the store`)
    const file = (name: string): string => join(dir, `${i + 1}.${name}`)
    await writeFile(file('message.txt'), signedMessage(piece))
    await writeFile(file('signature.bin'), Buffer.from(piece.signature, 'base64'))
    await writeFile(file('public_key.pem'), key.publicKey)
    await writeFile(file('request.txt'), `${piece.request}\n`)
    commands.push(
      `openssl dgst -sha256 -verify ${file('public_key.pem')} -signature ${file('signature.bin')} ${file('message.txt')}`,
    )
  }
  return commands.join('\n')
}
