/**
 * Everything that a program needs to work with Verdict. The store has an entry of its own, `verdict-pay/sqlite`, and so
 * has the WeChat Pay simulator, `verdict-pay/simulator`. What is not listed here may change without notice.
 */

export type { Clock, ClockAnchor } from './clock.ts'
export { anchorNow, compressedClock, systemClock } from './clock.ts'
export type { Policies } from './config.ts'
export type { AttentionCode } from './core/attention.ts'
export type { Call, JournalEvent, JournalLine } from './core/change.ts'
export type {
  FinalOrder,
  FinalState,
  Kind,
  OpenOrder,
  Order,
  OrderKey,
  Verdict as OrderVerdict,
} from './core/order.ts'
export { isFinal, KINDS, nameOf } from './core/order.ts'
export type {
  Answer,
  Credential,
  Evidence,
  NoAnswer,
  NoAnswerReason,
  Outcome,
  Placed,
  Refusal,
  TradeStatement,
} from './core/outcome.ts'
export type { Placement } from './core/placement.ts'
export type { Moment, Plan, PlanLine } from './core/plan.ts'
export { compilePlan } from './core/plan.ts'
export type { BackoffPolicy, FixedPolicy, Policy, PolicyReview, TwoPeriodPolicy } from './core/policy.ts'
export { defaultPolicy, QUICK_PAY_POLICY, reviewPolicy, TWO_PERIOD_POLICY } from './core/policy.ts'
export type { TradeState } from './core/trade-state.ts'
export type { Limits } from './engine/budget.ts'
export { DEFAULT_LIMITS } from './engine/budget.ts'
export type { PlacedOrder } from './engine/engine.ts'
export type { Notice, Statistics } from './engine/report.ts'
export type { ErrorCode } from './errors.ts'
export { ERRORS, VerdictError } from './errors.ts'
export type { Gateway, Identity, PaySign, PaySignRequest, PlaceRequest } from './gateway/gateway.ts'
export type { CommonAccount, InstitutionalAccount, WechatPayAccount } from './gateway/wechatpay/account.ts'
export { accountsFromFile } from './gateway/wechatpay/account-file.ts'
export type { Proof } from './proof.ts'
export { proofOf } from './proof.ts'
export type { Random } from './random.ts'
export { seededRandom } from './random.ts'
export type { PlatformKey, Store, StoreReader } from './store/store.ts'
export type {
  KeepKey,
  OrderHistory,
  OrderRef,
  PlaceParameters,
  TrackParameters,
  VerdictAccount,
  VerdictOptions,
} from './verdict.ts'
export { gatewayFor, Verdict } from './verdict.ts'
export { signedMessage } from './wechatpay/evidence.ts'
