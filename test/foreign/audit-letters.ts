import { isAcceptance, type Letter } from './postman.ts'
import type { ReportedOrder } from './shop.ts'

/** Holds the answers to the postman's letters against what each letter deserved. */
export function letterFaults(letters: readonly Letter[], orders: readonly ReportedOrder[]): string[] {
  const faults = letters.flatMap((letter) => {
    const fault = answerFault(letter, isProcessed(letter, letters, orders))
    return fault === null
      ? []
      : [`letter about ${letter.out_trade_no} (${letter.what}, ${letter.why}): ${fault}`]
  })
  for (const [event, own] of Map.groupBy(letters, (letter) => letter.event)) {
    const fault = eventFault(own, orders)
    if (fault !== null) faults.push(`event ${event} about ${own[0]?.out_trade_no}: ${fault}`)
  }
  return faults
}

function answerFault({ answer, deserves, twist }: Letter, processed: boolean): string | null {
  if (answer === null) return null
  const { status, body } = answer
  // What is processed is accepted before its amount is looked at: guide 2.7, and the order of section 12.
  const isOld = processed && (twist === 'other amount' || twist === 'other currency')
  if (isAcceptance(status)) {
    return deserves === 'refusal' && !isOld ? `${twist}, and yet accepted with ${status}` : null
  }
  if (status < 400 || status > 599) return `answered with ${status}`
  return /"code"\s*:\s*"FAIL"/.test(body) ? null : `refused with ${status} ${body}`
}

/** Whether Verdict knew what the letter tells before it answered, and from somewhere else. */
function isProcessed(letter: Letter, letters: readonly Letter[], orders: readonly ReportedOrder[]): boolean {
  const { event, sentMs, answer } = letter
  const answeredMs = answer?.atMs ?? sentMs
  // A true letter about the same may have overtaken it.
  const overtaken = letters.some(
    (other) =>
      other.event === event &&
      other.deserves === 'acceptance' &&
      other.sentMs <= answeredMs &&
      other.answer !== null &&
      isAcceptance(other.answer.status),
  )
  return learntMs(letter, orders) <= (overtaken ? answeredMs : sentMs)
}

/** When Verdict wrote down what the letter tells; Infinity: never. */
function learntMs(letter: Letter, orders: readonly ReportedOrder[]): number {
  const { out_trade_no, what, out_refund_no, refund_status } = letter
  const order = orders.find(({ ref }) => ref.out_trade_no === out_trade_no)
  const lines = (order?.journal ?? []) as readonly JournalLine[]
  const line = lines.find(({ event, said = '', note = '' }) => {
    if (what === 'payment') return event === 'verdict'
    const isHeard = event === 'refund' || event === 'callback'
    return isHeard && note.startsWith(`${out_refund_no}`) && said.endsWith(`${refund_status}`)
  })
  return line?.atMs ?? Number.POSITIVE_INFINITY
}

interface JournalLine {
  readonly event: string
  readonly atMs: number
  readonly said?: string
  readonly note?: string
}

/** A true event is accepted in the end, or known without it; and what was accepted once is accepted ever after. */
function eventFault(letters: readonly Letter[], orders: readonly ReportedOrder[]): string | null {
  const answered = letters.filter(({ deserves, answer }) => deserves === 'acceptance' && answer !== null)
  const first = answered.find(({ answer }) => answer !== null && isAcceptance(answer.status))
  const [one] = answered
  if (one === undefined) return null
  if (first === undefined) return isKnown(one, orders) ? null : 'never accepted, and not found out either'
  const accepted = first.answer?.atMs ?? 0
  // A key that is new may not be known yet.
  const later = answered.find(
    ({ sentMs, serial, answer }) =>
      sentMs > accepted && serial === first.serial && !isAcceptance(answer?.status ?? 0),
  )
  return later === undefined ? null : `accepted, and then refused with ${later.answer?.status} (${later.why})`
}

function isKnown(
  { owner, out_trade_no, what, out_refund_no }: Letter,
  orders: readonly ReportedOrder[],
): boolean {
  const order = orders.find(({ ref }) => ref.out_trade_no === out_trade_no)
  // Never placed by this shop, as far as it knows.
  if (order === undefined) return true
  if (what === 'payment') return order.state === 'SUCCESS'
  const refund = order.refunds.find((one) => one.out_refund_no === out_refund_no)
  return (
    refund === undefined || ['SUCCESS', 'CLOSED', 'processing'].includes(refund.state) || owner === undefined
  )
}

export function letterCounts(letters: readonly Letter[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { deserves, answer } of letters) {
    const outcome = answer === null ? 'unanswered' : isAcceptance(answer.status) ? 'accepted' : 'refused'
    const name = `${outcome}, deserved ${deserves}`
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}
