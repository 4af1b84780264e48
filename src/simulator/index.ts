/** The WeChat Pay simulator, by itself: nothing here knows Verdict's core, engine, gateway or store. */

export type { Statistics } from './control/control.ts'
export type { OrderList } from './control/orders.ts'
export type { OrderView } from './control/view.ts'
export type { CustomerPlan, Customers } from './customers.ts'
export { FAULTS, type FaultLevel, type FaultName, type Probabilities } from './faults.ts'
export { type Credentials, createCredentials, type Identity, type Keys } from './keys.ts'
export type { Host } from './outages.ts'
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
export type { ReplyKey, SignReply } from './wire/sign-reply.ts'
