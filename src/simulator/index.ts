/** The WeChat Pay simulator, by itself: nothing here knows Verdict's core, engine, gateway or store. */

export type { CallbackList, CallbackView } from './callbacks/counts.ts'
export type { CallbackKey, CallbackSettings } from './callbacks/courier.ts'
export { type SendCallback, type SendResult, sendByHttp } from './callbacks/send.ts'
export type { OrderList } from './control/orders.ts'
export type { RefundList } from './control/refunds.ts'
export type { Statistics } from './control/statistics.ts'
export type { OrderView, RefundView } from './control/view.ts'
export type { CustomerPlan, Customers } from './customers.ts'
export {
  CALLBACK_FAULTS,
  type CallbackFaultName,
  FAULTS,
  type FaultLevel,
  type FaultName,
  type Probabilities,
} from './faults.ts'
export { type Credentials, createCredentials, type Identity, type Keys } from './keys.ts'
export type { Host } from './outages.ts'
export type { Script } from './scripts.ts'
export { type SimulateIo, type SimulateOptions, simulate } from './simulate.ts'
export {
  createSimulator,
  type SimulatorCore,
  type SimulatorSettings,
  type WorldSettings,
} from './simulator.ts'
export { type Simulator, type StartSettings, startSimulator } from './start.ts'
export type { VerifyCaller } from './wire/authenticate.ts'
export type { WireAnswer, WireReply, WireRequest } from './wire/exchange.ts'
export type { ReplyKeySetting } from './wire/reply-key.ts'
export type { HeaderSetting } from './wire/request-headers.ts'
export type { ReplyKey, SignReply } from './wire/sign-reply.ts'
