import { z } from 'zod'
import { VerdictError } from '../errors.ts'
import type { CustomerPlan } from './customers.ts'
import type { Ledger } from './durable.ts'
import {
  CALL_FAULTS,
  CALLBACK_FAULTS,
  type CallbackFault,
  type CallbackFaultName,
  type CallFaultName,
  type Fault,
} from './faults.ts'

/** Calls about an order, as the wire names them. */
const SCRIPTED_CALLS = ['place', 'query', 'close', 'reverse'] as const
/** An order lives long, a script tells its beginning. */
const ATTEMPTS_TOLD_MAX = 50
const MS_MAX = 86_400_000

const afterMs = z.int('is no whole number').min(0, 'is below 0').max(MS_MAX, `is above ${MS_MAX}, a day`)

const PLAN = z.discriminatedUnion('does', [
  z.strictObject({ does: z.literal('pay'), afterMs }),
  z.strictObject({ does: z.literal('pay-before-ending') }),
  z.strictObject({ does: z.literal('never') }),
  z.strictObject({ does: z.literal('fail'), afterMs }),
  z.strictObject({ does: z.literal('refused'), code: z.enum(['NOT_ENOUGH', 'AUTH_CODE_EXPIRE']) }),
])

const told = <Name extends string>(names: readonly [Name, ...Name[]]) =>
  z.array(z.enum(names).nullable()).max(ATTEMPTS_TOLD_MAX, `has more than ${ATTEMPTS_TOLD_MAX} elements`)

const SCRIPT = z.strictObject({
  customer: PLAN.exactOptional(),
  faults: z
    .strictObject(Object.fromEntries(SCRIPTED_CALLS.map((call) => [call, told(CALL_FAULTS).exactOptional()])))
    .exactOptional(),
  callbacks: told(CALLBACK_FAULTS).exactOptional(),
})

/** What will happen to the order of a number, told before: the customer's act, and what strikes its calls and callbacks. */
export interface Script {
  readonly customer?: CustomerPlan
  /** By call: the first element strikes the first attempt, and so on; null, and all after the last, nothing. */
  readonly faults?: Readonly<Record<string, ReadonlyArray<CallFaultName | null>>>
  readonly callbacks?: ReadonlyArray<CallbackFaultName | null>
}

/** Half of what there is of it: a slow reply takes 7.5 s. */
const DEGREE = 0.5

export interface Scripts {
  write(out_trade_no: string, script: Script): void
  customerOf(out_trade_no: string): CustomerPlan | undefined
  /** Undefined where no script tells of this call. */
  faultOf(attempt: { out_trade_no: string; call: string; nth: number }): Fault | null | undefined
  callbackFaultOf(attempt: { out_trade_no: string; nth: number }): CallbackFault | null | undefined
}

export function openScripts(ledger: Ledger): Scripts {
  const scripts = ledger.map<Script>('scripts')
  const strike = <Name>(list: ReadonlyArray<Name | null> | undefined, nth: number) => {
    if (list === undefined) return undefined
    const name = list[nth - 1] ?? null
    return name === null ? null : { name, degree: DEGREE }
  }
  return {
    write: (out_trade_no, script) => void scripts.set(out_trade_no, script),
    customerOf: (out_trade_no) => scripts.get(out_trade_no)?.customer,
    faultOf: ({ out_trade_no, call, nth }) => strike(scripts.get(out_trade_no)?.faults?.[call], nth),
    callbackFaultOf: ({ out_trade_no, nth }) => strike(scripts.get(out_trade_no)?.callbacks, nth),
  }
}

/** @throws OPTION_INVALID with one sentence about the first part that is wrong */
export function scriptFrom(body: Readonly<Record<string, unknown>>): Script {
  const parsed = SCRIPT.safeParse(body)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const where = ['script', ...(issue?.path ?? [])].join('.')
  throw new VerdictError(
    'OPTION_INVALID',
    `${where}: ${issue?.message}; expected {"customer": {"does": …}, "faults": {"place": […], "query": […]}, "callbacks": […]}`,
  )
}
