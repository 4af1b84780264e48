import type { HttpRequest } from '../../gateway/wechatpay/transport.ts'
import type { Life } from '../life.ts'
import type { SeedPlan } from '../plan.ts'
import type { Asked } from './request.ts'
import type { Findings } from './rules.ts'

/** Nobody else asks about an order while one process may still hear what it asked; a lease outlasts a call. */
const CALL_MS = 8_000
/** What a bucket holds is spent at once: a tenth of a second's calls, and at least one. */
const BURST_S = 0.1

/** A request that leaves a process now. */
export interface Departure {
  readonly asked: Asked
  readonly request: HttpRequest
  readonly life: Life
  readonly nowMs: number
  /** The number of the order that it is about; null for none. */
  readonly name: string | null
}

/** What processes share: the orders, one at a time, and what an account may ask in a second. */
export class SharingChecker {
  readonly #limits: SeedPlan['limits']
  readonly #findings: Findings
  readonly #underWay = new Map<string, { asked: Asked; request: HttpRequest; life: Life; leftMs: number }>()
  readonly #sent = new Map<string, number[]>()

  constructor({ limits }: SeedPlan, findings: Findings) {
    this.#limits = limits
    this.#findings = findings
  }

  left(departure: Departure): void {
    this.#checkBudget(departure)
    this.#checkAlone(departure)
  }

  ended(request: HttpRequest, name: string | null): void {
    if (name !== null && this.#underWay.get(name)?.request === request) this.#underWay.delete(name)
  }

  /** A claim outlasts every call that is made under it: nobody else asks about the order until nobody listens any more. */
  #checkAlone({ asked, request, life, nowMs, name }: Departure): void {
    if (name === null) return
    const other = this.#underWay.get(name)
    this.#underWay.set(name, { asked, request, life, leftMs: nowMs })
    if (other === undefined || other.life === life || other.life.isDead) return
    if (nowMs - other.leftMs >= CALL_MS) return
    // A refund follows a verdict, which may have come by callback: what a question or a close before it comes to matters no more.
    if (isAboutRefunds(asked) && (other.asked.call === 'query' || other.asked.call === 'close')) return
    // Nor what a question about another refund does, whose end came by callback: nothing was to be done about the order any more.
    if (other.asked.call === 'queryRefund' && isForAnotherRefund(asked, other.asked)) return
    this.#findings.broke(
      'one process at a time',
      name,
      `${life.name} and ${other.life.name} ask at the same time`,
    )
  }

  #checkBudget({ asked: { call, mchid }, life, nowMs, name }: Departure): void {
    if (call === 'certificates') return
    const key = `${life.name} ${mchid} ${call}`
    const sent = (this.#sent.get(key) ?? []).filter((ms) => ms > nowMs - 1_000)
    sent.push(nowMs)
    this.#sent.set(key, sent)
    const perSecond = this.#limits[call]
    if (sent.length <= perSecond + Math.max(1, perSecond * BURST_S) + 1) return
    this.#findings.broke('the budget holds', name, `${sent.length} of ${perSecond} ${call} calls in a second`)
  }
}

function isForAnotherRefund({ call, out_refund_no }: Asked, other: Asked): boolean {
  return (call === 'refund' || call === 'queryRefund') && out_refund_no !== other.out_refund_no
}

function isAboutRefunds({ call }: Asked): boolean {
  return call === 'refund' || call === 'queryRefund' || call === 'queryRefunds'
}
