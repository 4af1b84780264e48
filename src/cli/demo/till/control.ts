import { ERRORS, type ErrorCode, VerdictError } from '../../../errors.ts'
import type { OrderView, Script } from '../../../simulator/index.ts'

/** Nobody at the till waits longer; the simulator may have been killed a moment ago. */
const ANSWER_MS_MAX = 3_000

/** What the till asks of the simulator's control API. */
export interface Control {
  /** What WeChat Pay knows of the order; null if it knows none. */
  truthOf(out_trade_no: string): Promise<OrderView | null>
  act(out_trade_no: string, act: 'pay' | 'refuse'): Promise<void>
  script(out_trade_no: string, script: Script): Promise<void>
  faults(probabilities: Readonly<Record<string, number>>): Promise<void>
  hosts(state: 'up' | 'down'): Promise<void>
}

/** Asks below `/_sim/`. @throws CLOSED where nobody answers */
export type AskControl = (
  method: 'GET' | 'POST',
  path: string,
  body: string,
) => Promise<{ readonly status: number; readonly body: string }>

export function askByHttp(baseUrl: string): AskControl {
  return async (method, path, body) => {
    try {
      const signal = AbortSignal.timeout(ANSWER_MS_MAX)
      const reply = await fetch(`${baseUrl}/_sim/${path}`, {
        method,
        signal,
        ...(method === 'POST' && { body }),
      })
      return { status: reply.status, body: await reply.text() }
    } catch (cause) {
      const message = 'the WeChat Pay simulator does not answer; it is started again, try again in a moment'
      throw new VerdictError('CLOSED', message, { cause })
    }
  }
}

/** @throws from each what the control API says, by its code, and CLOSED where nobody answers */
export function controlOf(askControl: AskControl): Control {
  const ask = async (method: 'GET' | 'POST', path: string, given: object = {}): Promise<unknown> => {
    const { status, body } = await askControl(method, path, JSON.stringify(given))
    const value: unknown = JSON.parse(body)
    if (status === 200) return value
    const { code, message } = value as { readonly code: string; readonly message: string }
    throw new VerdictError(Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : 'INTERNAL', message)
  }
  const order = (out_trade_no: string): string => `orders/${encodeURIComponent(out_trade_no)}`
  return {
    async truthOf(out_trade_no) {
      try {
        return (await ask('GET', order(out_trade_no))) as OrderView
      } catch (error) {
        if (error instanceof VerdictError && error.code === 'ORDER_UNKNOWN') return null
        throw error
      }
    },
    act: async (out_trade_no, act) => void (await ask('POST', `${order(out_trade_no)}/${act}`)),
    script: async (out_trade_no, script) =>
      void (await ask('POST', `scripts/${encodeURIComponent(out_trade_no)}`, script)),
    faults: async (probabilities) => void (await ask('POST', 'faults', { probabilities })),
    hosts: async (state) => void (await ask('POST', 'hosts', { primary: state, backup: state })),
  }
}
