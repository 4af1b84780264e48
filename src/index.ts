/**
 * Everything that a program needs to work with Verdict. The store has an entry of its own, `verdict-pay/sqlite`, and so
 * has the WeChat Pay simulator, `verdict-pay/simulator`. What is not listed here may change without notice.
 */

export { expressCallbacks } from './callback/express.ts'
export { type FastifyCallbackOptions, fastifyCallbacks } from './callback/fastify.ts'
export type { CallbackNotice, CallbackOptions, CallbackReceiver, CallbackReply } from './callback/http.ts'
export { nodeCallbacks } from './callback/node-http.ts'
export type { Clock, ClockAnchor } from './clock.ts'
export { anchorNow, compressedClock, systemClock } from './clock.ts'
export type { Policies } from './config.ts'
export type { Aftercare, LateMoney, LatePhase, Refund, RefundOrigin, RefundState } from './core/aftercare.ts'
export type { AttentionCode } from './core/attention.ts'
export type { Call, EventType, JournalEvent, JournalLine } from './core/change.ts'
export { EVENT_TYPES } from './core/change.ts'
export type { Message } from './core/message.ts'
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
  RefundPage,
  RefundStatement,
  Refusal,
  TradeStatement,
} from './core/outcome.ts'
export type { Placement } from './core/placement.ts'
export type { Moment, Plan, PlanLine } from './core/plan.ts'
export { compilePlan } from './core/plan.ts'
export type {
  BackoffPolicy,
  FixedPolicy,
  LateMoneyPolicy,
  Policy,
  PolicyReview,
  TwoPeriodPolicy,
} from './core/policy.ts'
export { defaultPolicy, QUICK_PAY_POLICY, reviewPolicy, TWO_PERIOD_POLICY } from './core/policy.ts'
export { RESOLUTIONS, type Resolution, resolutionsOf } from './core/resolving.ts'
export type { TradeState } from './core/trade-state.ts'
export type { WebhookOptions } from './delivery/webhook-options.ts'
export type { Limits } from './engine/budget.ts'
export { DEFAULT_LIMITS } from './engine/budget.ts'
export type { PlacedOrder } from './engine/entrance.ts'
export type { EventOrder, LateMoneyEvent, RefundEvent, VerdictEvent } from './engine/payload.ts'
export type { CallbackCounts, Notice, Statistics } from './engine/report.ts'
export type { ErrorCode } from './errors.ts'
export { ERRORS, VerdictError } from './errors.ts'
export type {
  CallbackGateway,
  Gateway,
  Identity,
  PaySign,
  PaySignRequest,
  PlaceRequest,
  RefundGateway,
} from './gateway/gateway.ts'
export type { CommonAccount, InstitutionalAccount, WechatPayAccount } from './gateway/wechatpay/account.ts'
export { accountsFromFile } from './gateway/wechatpay/account-file.ts'
export type { Proof } from './proof.ts'
export { proofOf } from './proof.ts'
export type { Random } from './random.ts'
export { seededRandom } from './random.ts'
export { DIFFERENCES, type DifferenceKind } from './reconcile/compare.ts'
export type { BillFacts, Difference, Reconciliation } from './reconcile/report.ts'
export type { Delivery, DeliveryState, PlatformKey, Store, StoreReader } from './store/store.ts'
export type {
  KeepKey,
  OrderHistory,
  OrderRef,
  PlaceParameters,
  ReconcileParameters,
  RefundParameters,
  ResolveParameters,
  Schedule,
  TrackParameters,
  VerdictAccount,
  VerdictOptions,
} from './verdict.ts'
export { gatewayFor, Verdict } from './verdict.ts'
export { signedMessage } from './wechatpay/evidence.ts'
