import { diaryFaults } from './audit-diary.ts'
import { letterCounts, letterFaults } from './audit-letters.ts'
import { refundFaults } from './audit-refunds.ts'
import { type Entry, kept } from './books.ts'
import type { DiaryLine } from './diary.ts'
import type { Call, OtherWechatPay } from './other-wechat-pay.ts'
import { opened } from './receiver.ts'
import type { Plan, ReportedOrder, ShopReport } from './shop.ts'
import { holds } from './stamp.ts'

export interface Audit {
  /** Each a sentence; empty if Verdict kept all its promises. */
  readonly faults: readonly string[]
  /** Orders that the documents leave to a person, and why. */
  readonly forPeople: readonly string[]
  readonly verdicts: Readonly<Record<string, number>>
  /** In which state the refunds are, and which of them somebody else made. */
  readonly refunds: Readonly<Record<string, number>>
  readonly late: Readonly<Record<string, number>>
  readonly letters: Readonly<Record<string, number>>
  readonly calls: Readonly<Record<string, number>>
  readonly troubles: number
  readonly callsPerOrderMax: number
}

interface Day {
  readonly other: OtherWechatPay
  readonly plan: Plan
  readonly report: ShopReport
  readonly diary: readonly DiaryLine[]
  readonly exit: string
  /** When Verdict was dead, ms after the start. */
  readonly deaths: readonly (readonly [number, number])[]
}

/** More calls about one order than this in the quarter of an hour of a test are hammering. */
const CALLS_MAX = 60
/** A question that was under way when a callback brought the verdict arrives after it. */
const CALL_MS_MAX = 10_000
/** A refund is slower: it may be followed for hours. */
const REFUND_CALLS_MAX = 80

/** Holds what Verdict says against the books of the other WeChat Pay. */
export function audit({ other, plan, report, diary, exit, deaths }: Day): Audit {
  const faults = [...other.watch.complaints.map((complaint) => `refused by the documents: ${complaint}`)]
  faults.push(...report.surprises.map((surprise) => `surprise: ${surprise}`))
  if (exit !== '0') faults.push(`Verdict's process ended with ${exit}`)
  const entries = new Map(other.books.all(other.nowMs()).map((entry) => [entry.number, entry]))
  const calls = Map.groupBy(other.calls, (call) => call.about)
  const forPeople: string[] = []
  const startMs = plan.anchor.simulatedMs
  // While no host answers, or Verdict itself is dead, no rhythm can be kept.
  const spells = [...other.spells, ...deaths].map(
    ([from, to]) => [startMs + from, startMs + to + 45_000] as const,
  )
  const stalls = diary.flatMap((line) => (line.what === 'stalled' ? [[line.fromMs, line.atMs] as const] : []))
  const inTrouble = (fromMs: number, toMs: number): boolean =>
    [...spells, ...stalls].some(([from, to]) => from < toMs && fromMs < to)
  for (const order of report.orders) {
    const number = order.ref.out_trade_no
    const entry = entries.get(number) ?? null
    const problem = isOpen(order) ? openProblem(order, entry, plan) : verdictProblem(order, entry)
    if (problem === null && needsPerson(order)) forPeople.push(`${number}: ${order.attention}`)
    const own = calls.get(number) ?? []
    const errand = plan.errands.find(({ place, track }) => (place ?? track)?.out_trade_no === number)
    const lines = diary.filter((line) => line.order === number)
    const isDoubtful = wasDoubtful(other, number, own)
    const refundCase = { order, errand, entry, diary: lines, isDoubtful, endMs: other.nowMs() }
    const found = [
      ...[problem, proofProblem(order, other, plan), rhythmProblem(order, own, plan, inTrouble)],
      ...[...refundFaults(refundCase), ...diaryFaults(order, lines, report.atMs)],
    ]
    for (const what of found) {
      if (what !== null) faults.push(`${number} (${entry?.state ?? 'not in the books'}): ${what}`)
    }
  }
  for (const { ref } of plan.errands.map((errand) => ({ ref: errand.place ?? errand.track }))) {
    const number = ref?.out_trade_no ?? ''
    const isKnown = report.orders.some((order) => order.ref.out_trade_no === number)
    const isMissed = report.missed.includes(number) && !entries.has(number)
    if (!isKnown && !isMissed) faults.push(`${number} is lost`)
  }
  for (const [order, times] of other.watch.quickPays) {
    if (times > 1) faults.push(`${order}: Quick Pay came ${times} times`)
  }
  faults.push(...letterFaults(other.postman.letters, report.orders))
  const refunds = report.orders.flatMap((order) => order.refunds)
  const counts = [...calls.values()].map((own) => own.length)
  return {
    faults,
    forPeople,
    verdicts: counted(report.orders.map(({ state }) => state)),
    refunds: counted(refunds.map(({ state, origin }) => `${state}, ${origin}`)),
    late: counted(report.orders.flatMap(({ late }) => (late === null ? [] : [late]))),
    letters: letterCounts(other.postman.letters),
    calls: counted(other.calls.map((call) => call.do)),
    troubles: other.calls.filter(({ trouble }) => trouble !== null).length,
    callsPerOrderMax: Math.max(0, ...counts),
  }
}

const FINAL = ['SUCCESS', 'CLOSED', 'REVOKED', 'NOT_CREATED']

function isOpen({ state }: ReportedOrder): boolean {
  return !FINAL.includes(state)
}

/** Whether somebody well signed a mix-up about it: then no program may decide about its money. */
function wasDoubtful({ postman }: OtherWechatPay, number: string, calls: readonly Call[]): boolean {
  const mixUps: readonly unknown[] = ['other amount', 'other currency', 'another merchant']
  const letters = postman.letters.filter((letter) => letter.out_trade_no === number)
  return (
    calls.some(({ trouble }) => trouble === 'swapped') || letters.some(({ twist }) => mixUps.includes(twist))
  )
}

/** Open orders, and money that a person has to send on. */
function needsPerson(order: ReportedOrder): boolean {
  const { attention, late, refunds } = order
  const stuck = refunds.some(({ state, said }) => state === 'REFUSED' || said === 'ABNORMAL')
  return attention !== null && (isOpen(order) || late === 'asked' || stuck)
}

/** What the documents leave to a person may stay open; nothing else may. */
function openProblem(
  { state, attention, evidence, ref }: ReportedOrder,
  entry: Entry | null,
  { errands }: Plan,
): string | null {
  // Somebody else's code said that it placed this order; what became of that, only that code knows.
  const tracked = errands.some(({ track }) => track?.out_trade_no === ref.out_trade_no)
  if (tracked && entry === null && attention === 'vanished') return null
  const other = evidence.some(({ body }) => {
    const { out_trade_no } = JSON.parse(body || '{}') as { out_trade_no?: string }
    return out_trade_no !== undefined && out_trade_no !== ref.out_trade_no
  })
  return attention === 'identity_mismatch' && other ? null : `still ${state}, marked ${attention}`
}

function verdictProblem({ state, total }: ReportedOrder, entry: Entry | null): string | null {
  if (state === 'NOT_CREATED') return entry === null ? null : 'NOT_CREATED, but it exists'
  if (entry === null) return `${state}, but it does not exist`
  const expected = entry.state === 'REFUND' ? 'SUCCESS' : entry.state
  if (state !== expected) return `verdict ${state}`
  const left = kept(entry)
  if (state === 'SUCCESS' && entry.refunds.length === 0 && left !== total) return `SUCCESS with ${left} kept`
  if (state !== 'SUCCESS' && left !== 0) return `${state}, and the customer is ${left} poorer`
  return null
}

/** The stored statements, checked with our own keys and our own arithmetic. */
function proofProblem(order: ReportedOrder, other: OtherWechatPay, { accounts }: Plan): string | null {
  const { state, ref, evidence, proof } = order
  if (isOpen(order)) return null
  if (!proof.holds) return `the proof does not hold: ${proof.because}`
  const { stamps } = other
  for (const piece of evidence) {
    const stamp = stamps.find(({ serial }) => serial === piece.serial)
    if (stamp === undefined || !holds(stamp, piece, piece.body)) return 'a stored signature does not hold'
  }
  if (state === 'NOT_CREATED') {
    const denials = evidence.filter(({ body }) => /"code":"(ORDER_?NOT_?EXIST|NOT_FOUND)"/.test(body))
    const nonces = new Set(denials.map(({ nonce }) => nonce))
    return nonces.size >= 2 ? null : `NOT_CREATED on ${nonces.size} statement`
  }
  const words = state === 'SUCCESS' ? ['SUCCESS', 'REFUND'] : [state]
  const apiV3Keys = accounts.map(({ apiV3Key }) => apiV3Key)
  const names = evidence.some(({ body }) => {
    const said = opened(body, apiV3Keys) ?? (JSON.parse(body || '{}') as Record<string, unknown>)
    return said.out_trade_no === ref.out_trade_no && words.includes(String(said.trade_state))
  })
  return names ? null : `no stored statement says ${words} for it`
}

function rhythmProblem(
  { journal, kind, refunds, late }: ReportedOrder,
  all: readonly Call[],
  plan: Plan,
  inTrouble: (fromMs: number, toMs: number) => boolean,
): string | null {
  const calls = all.filter((call) => !call.do.startsWith('refund'))
  if (calls.length > CALLS_MAX) return `${calls.length} calls`
  const refundCalls = all.length - calls.length
  if (refundCalls > REFUND_CALLS_MAX * Math.max(1, refunds.length))
    return `${refundCalls} calls about refunds`
  const lines = journal as readonly Line[]
  // Both processes share two cores with whatever else runs there: what a machine loses counts in compressed time.
  const slackMs = 60 * plan.anchor.speed
  const queries = calls.filter((call) => call.do === 'query').map(({ atMs }) => atMs)
  for (const [i, atMs] of queries.entries()) {
    const gapMs = atMs - (queries[i - 1] ?? Number.NEGATIVE_INFINITY)
    if (gapMs < 1_000 - slackMs) return `queries ${Math.round(gapMs)} ms apart`
  }
  const finalMs = lines.findLast(({ event }) => event === 'verdict')?.atMs
  // Money may only go back after another look at the order.
  const isDone = finalMs !== undefined && refunds.length === 0 && late === null
  const isLate = (atMs: number, sinceMs: number): boolean =>
    atMs > sinceMs + CALL_MS_MAX + slackMs && !inTrouble(sinceMs - 10_000, atMs)
  if (isDone && queries.some((atMs) => isLate(atMs, finalMs))) return 'queried after its verdict'
  return paceProblem(kind, lines, slackMs, inTrouble)
}

/** Rules 1.6 and 1.12 of the guide, from the journal, which is on Verdict's clock. */
function paceProblem(
  kind: string,
  lines: readonly Line[],
  slackMs: number,
  inTrouble: (fromMs: number, toMs: number) => boolean,
): string | null {
  const enteredMs = lines[0]?.atMs ?? 0
  const asked = lines.filter(
    ({ event, call = '', atMs }) =>
      ['answer', 'refusal', 'no-answer'].includes(event) &&
      ['place', 'query', 'close', 'reverse'].includes(call) &&
      atMs <= (lines.find((line) => line.event === 'verdict')?.atMs ?? Number.POSITIVE_INFINITY),
  )
  for (const [i, line] of asked.entries()) {
    if (line.call !== 'query') continue
    const sentMs = line.atMs - (line.tookMs ?? 0)
    const before = asked[i - 1]
    const fromMs = before?.atMs ?? enteredMs
    if (inTrouble(fromMs - 10_000, sentMs)) continue
    const waitMs = sentMs - fromMs
    if (before?.call !== 'query') {
      if (waitMs > 60_000 + slackMs) return `first queried ${Math.round(waitMs)} ms after its placing`
    } else if (kind === 'quick_pay' && sentMs < enteredMs + 45_000 && line.atMs < endingMs(lines)) {
      if (waitMs < 3_000 - slackMs || waitMs > 5_000 + slackMs) {
        return `at the till queried ${Math.round(waitMs)} ms after the answer before`
      }
    }
  }
  return null
}

function endingMs(lines: readonly Line[]): number {
  return lines.find(({ event }) => event === 'ending')?.atMs ?? Number.POSITIVE_INFINITY
}

interface Line {
  readonly atMs: number
  readonly event: string
  readonly call?: string
  readonly tookMs?: number
}

function counted(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1
  return counts
}
