import type { CallbackReceiver } from '../../src/index.ts'
import type { SendCallback } from '../../src/simulator/index.ts'

/** The way from the simulator's courier to a receiver, without a socket. `to` may be set and changed later. */
export class Listening {
  to: CallbackReceiver | null = null
  /** Every answer that was given, in order. */
  readonly answers: Array<{ readonly status: number; readonly body: string }> = []

  readonly send: SendCallback = async (_url, headers, body) => {
    if (this.to === null) return { failure: 'ECONNREFUSED' }
    const reply = await this.to({ headers: Object.entries(headers).flat(), body: Buffer.from(body) })
    this.answers.push(reply)
    return { status: reply.status }
  }
}
