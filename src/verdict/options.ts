import type { Clock } from '../clock.ts'
import type { Policies } from '../config.ts'
import type { Message } from '../core/message.ts'
import type { WebhookOptions } from '../delivery/webhook-options.ts'
import type { Limits } from '../engine/budget.ts'
import type { Observer } from '../engine/observer.ts'
import type { LateMoneyEvent, RefundEvent, VerdictEvent } from '../engine/payload.ts'
import type { PulseTimes } from '../engine/pulse.ts'
import type { Notice } from '../engine/report.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { WechatPayAccount } from '../gateway/wechatpay/account.ts'
import type { Random } from '../random.ts'
import type { PlatformKey, Store } from '../store/store.ts'

/** An account at WeChat Pay, and how Verdict works for it. */
export type VerdictAccount = WechatPayAccount & {
  /** When to query, and when to end, per kind. A kind that is left out has its default, which follows WeChat Pay's guide. */
  readonly policies?: Policies
  /**
   * Calls per second of the account, which processes on one PostgreSQL share, each above 0 and at most 1,000,000. Default:
   * place, close and reverse 150, query 600; WeChat Pay names all but the close.
   */
  readonly limits?: Partial<Limits>
  /** Calls under way at once: 1 to 500, default 400. */
  readonly concurrency?: number
  /**
   * Where WeChat Pay announces payments of orders that name no `notify_url` of their own, and what became of refunds:
   * the public address under which `callbacks` is reached (guide 5.7 to 5.10). Default: each order names its own.
   */
  readonly notify_url?: string
  /**
   * What becomes of a verified callback about a number that isn't in the store. `keep`: it waits for the order, and after
   * ten minutes somebody is told. `count`: it is only counted, for an account that other systems use too. In both cases
   * WeChat Pay is answered that it was not received. Default `keep`.
   */
  readonly unknownCallbacks?: 'keep' | 'count'
}

export interface VerdictOptions {
  /** Where the orders live. Stays the caller's: close it after Verdict. */
  readonly store: Store
  /** At least one; no `mchid` or `sp_mchid` twice. Open orders of other accounts in the store are left alone. */
  readonly accounts: readonly VerdictAccount[]
  /**
   * Told about every final status, at least once, in the order's own sequence, from the moment that it is committed. A
   * handler that throws is called again, up to a day long; `message.id` is the same then.
   */
  readonly onVerdict?: (event: VerdictEvent, message: Message) => unknown
  /** Told when a refund has ended, or can't reach the customer. As `onVerdict`. */
  readonly onRefund?: (event: RefundEvent, message: Message) => unknown
  /** Told when an order that was given up turns out paid. As `onVerdict`. */
  readonly onLateMoney?: (event: LateMoneyEvent, message: Message) => unknown
  /** The same by HTTP, in the form of Standard Webhooks: see docs/webhooks.md. */
  readonly webhooks?: readonly WebhookOptions[]
  /**
   * How long a callback may take until WeChat Pay, which waits 5 s, is told to come again: ms of `clock`, default 4,000.
   * Only a compressed clock needs more.
   */
  readonly callbackAnswerMs?: number
  /**
   * When the bill of the day before is asked for by itself, each day and for each account, by one of the processes that share
   * the store: a time in Beijing from 09:00 on, such as `10:30`. Days on which nothing ran are caught up with, 30 at most. Default
   * null: only `Verdict.reconcile` asks.
   */
  readonly reconcileAt?: string | null
  /** Told what whoever runs Verdict should see: one sentence, nothing secret. Must not throw. Default: nobody is told. */
  readonly notify?: (notice: Notice) => void
  /** Whoever measures: called on the poll path, so it must be quick and must not throw. Default: nobody. */
  readonly observer?: Observer
  /**
   * Whether orders are followed and messages delivered. Without it Verdict only receives callbacks and writes what it is
   * given; nothing is sent by itself. Default true.
   */
  readonly start?: boolean
  /** The only source of time. Default: the machine's. */
  readonly clock?: Clock
  /** The only source of chance in schedules. Default: the machine's. */
  readonly random?: Random
  /**
   * Makes the gateway of an account; for tests and other API families. `onKey` keeps a platform key for ever. Default:
   * Global APIv3 on the real network. Later than `sendUntilMs()`, in ms of `clock`, it must send nothing: this process has
   * lost the store, or was stopped, and others may work in its place.
   */
  readonly createGateway?: (account: WechatPayAccount, onKey: KeepKey, sendUntilMs: () => number) => Gateway
  /**
   * How this process shows others on the same PostgreSQL that it lives: between two heartbeats ms of `clock`, and when it is
   * dead real ms. Only a compressed clock needs other times. Default 1,000 and 6,000.
   */
  readonly pulse?: PulseTimes
}

/** Keeps one of WeChat Pay's public keys by its serial, before anything that it signed is written. */
export type KeepKey = (key: PlatformKey) => void
