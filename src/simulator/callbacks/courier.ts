import type { Clock } from '../../clock.ts'
import { namedRandom } from '../../random.ts'
import type { Ledger } from '../durable.ts'
import { type CallbackFault, type CallbackFaultName, callbackFaultOf } from '../faults.ts'
import type { Scripts } from '../scripts.ts'
import { eventName, eventsOf, nextEventAtMs, type OrderEvent } from '../truth/events.ts'
import type { Order } from '../truth/order.ts'
import type { Weather } from '../weather.ts'
import type { ReplyKey, ReplySigning } from '../wire/sign-reply.ts'
import { keyOf, type World } from '../world.ts'
import { openAgenda } from './agenda.ts'
import {
  type Answers,
  type CallbackCounts,
  type CallbackRecord,
  type CallbackView,
  counted,
  countsOf,
  NO_ANSWERS,
  viewOfCallback,
} from './counts.ts'
import { type Message, type Volley, volleyOf } from './messages.ts'
import { eventTypeOf, idOf, noticeOf } from './notice.ts'
import { ATTEMPTS_MAX, begun, type Strike, struck } from './schedule.ts'
import type { SendCallback, SendResult } from './send.ts'
import { type CallbackTargets, isAllowed } from './targets.ts'

export interface CallbackSettings {
  /** `off`: every callback is lost. Default `on`. */
  readonly callbacks?: 'on' | 'off'
  /** Which of WeChat Pay's keys signs callbacks; `mixed` as in the days of a change-over. Default `public-key`. */
  readonly callbackKey?: CallbackKey
  /** Default `private`. */
  readonly callbackTargets?: CallbackTargets
  /** In ms of the simulator's clock. Default 5,000, as WeChat Pay waits; more where the clock is compressed. */
  readonly callbackAnswerMs?: number
  /** Default: over HTTP. */
  readonly send?: SendCallback
}

export type CallbackKey = 'public-key' | 'certificate' | 'mixed'

export interface CourierParts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly world: World
  readonly weather: Weather
  readonly scripts: Pick<Scripts, 'callbackFaultOf'>
  readonly signing: ReplySigning
  readonly settings: Required<CallbackSettings>
}

/** Sends the callbacks of all orders: what is pending is on file, and goes on after a restart. */
export interface Courier {
  counts(): CallbackCounts
  views(): readonly CallbackView[]
  /** The callbacks of one order so far, in the sequence of their events. */
  of(order: Order): readonly CallbackView[]
  /** Sends a callback now, once more if need be. Resolves with its view when the receiver has answered. */
  sendNow(order: Order, event: string, fault: CallbackFaultName | null): Promise<CallbackView>
  close(): void
}

export const ANSWER_MS = 5_000

export function openCourier(parts: CourierParts): Courier {
  const { ledger, clock, world, weather, scripts, settings } = parts
  const { age } = world
  const records = ledger.map<CallbackRecord>('callbacks')
  const byFault = ledger.map<Answers>('callback_faults')
  const badAccepted = ledger.map<number>('callback_bad_accepted')
  const held = new Set([...records.entries()].flatMap(([name, record]) => (record.held ? [name] : [])))
  const closing = new AbortController()
  const agenda = openAgenda(clock, (name) => {
    if (name.startsWith(ORDER)) ledger.together(() => lookAt(name.slice(ORDER.length)))
    else attempt(name.slice(CALLBACK.length))
  })

  world.watch((order) => (order ? noteEvents(order) : lookAtAll()))
  for (const [name, record] of records.entries()) schedule(name, record)
  ledger.together(lookAtAll)

  return {
    counts: () =>
      countsOf([...records.values()], {
        struck: weather.counts(),
        byFault: (name) => byFault.get(name) ?? NO_ANSWERS,
        badAccepted: badAccepted.get('all') ?? 0,
      }),
    views: () => [...records.values()].map(viewOfCallback),
    of: (order) =>
      eventsOf(order, age.nowMs())
        .map((event) => records.get(nameOf(order, eventName(event))))
        .filter((record) => record !== undefined)
        .map(viewOfCallback),
    async sendNow(order, event, faultName) {
      const name = nameOf(order, event)
      const record = known(name)
      const fault = faultName === null ? null : { name: faultName, degree: 0.5 }
      const strike = ledger.together(() => {
        if (fault) weather.note(fault.name, record.order)
        const now = struck(record, fault, clock.nowMs())
        if (now.do === 'wait') keep(name, now.record)
        return now
      })
      if (strike.do === 'send') await transmit(name, record.attempts, fault)
      return viewOfCallback(known(name))
    },
    close() {
      agenda.close()
      closing.abort()
    },
  }

  function lookAt(key: string): void {
    const order = world.lookAt(key)
    if (order) noteEvents(order)
  }

  function lookAtAll(): void {
    for (const order of world.orders()) lookAt(keyOf(order))
  }

  /** Every event that has happened gets its callback, and the next one that comes by itself an entry in the agenda. */
  function noteEvents(order: Order): void {
    const nowMs = age.nowMs()
    for (const event of eventsOf(order, nowMs)) noteEvent(order, event)
    const nextMs = nextEventAtMs(order, nowMs)
    if (nextMs === null) agenda.drop(ORDER + keyOf(order))
    else agenda.put(ORDER + keyOf(order), nextMs - age.aheadMs())
  }

  function noteEvent(order: Order, event: OrderEvent): void {
    const name = nameOf(order, eventName(event))
    const url = (event.of === 'refund' ? event.refund.notify_url : null) ?? order.notify_url ?? null
    if (url === null || records.has(name)) return
    const happenedAtMs = age.onWireMs(event.atMs)
    const allowed = isAllowed(url, settings.callbackTargets)
    keep(name, {
      ...NO_ANSWERS,
      id: idOf(name),
      order: keyOf(order),
      out_trade_no: order.out_trade_no,
      event: eventName(event),
      event_type: eventTypeOf(event),
      url,
      happenedAtMs,
      state: allowed ? 'pending' : 'address_refused',
      attempts: 0,
      dueAtMs: allowed ? happenedAtMs : null,
      losing: 0,
      clear: false,
      held: false,
      lastStatus: null,
    })
  }

  function keep(name: string, record: CallbackRecord): void {
    records.set(name, record)
    if (record.held) held.add(name)
    else held.delete(name)
    schedule(name, record)
  }

  function schedule(name: string, { dueAtMs }: CallbackRecord): void {
    if (dueAtMs === null) agenda.drop(CALLBACK + name)
    else agenda.put(CALLBACK + name, dueAtMs)
  }

  function known(name: string): CallbackRecord {
    const record = records.get(name)
    if (!record) throw new Error(`there is no callback ${name}`)
    return record
  }

  /** The next attempt of the schedule: on file before anything leaves, so that a killed process goes on with the one after. */
  function attempt(name: string): void {
    const record = known(name)
    const nth = record.attempts + 1
    const { fault, strike } = ledger.together(() => {
      const drawn = drawFault(record, nth)
      const now = settings.callbacks === 'off' ? lost(record) : begun(record, drawn, clock.nowMs(), settings)
      keep(name, now.record)
      if (now.record.state === 'lost') release(record.order)
      return { fault: drawn, strike: now }
    })
    if (strike.do === 'send') void transmit(name, nth, fault)
  }

  function drawFault(record: CallbackRecord, nth: number): CallbackFault | null {
    const silent = settings.callbacks === 'off' || record.clear || record.losing > 0 || nth > ATTEMPTS_MAX
    if (silent) return null
    const { out_trade_no, event } = record
    const told = scripts.callbackFaultOf({ out_trade_no, nth })
    const fault =
      told === undefined
        ? callbackFaultOf(weather.probabilities, weather.seed, { out_trade_no, event, nth })
        : told
    if (fault) weather.note(fault.name, record.order)
    return fault
  }

  async function transmit(name: string, nth: number, fault: CallbackFault | null): Promise<void> {
    const { url } = known(name)
    const { messages, atOnce } = await write(name, nth, fault)
    if (atOnce) {
      await Promise.all(messages.map((message) => deliver(name, url, message, fault)))
      return
    }
    for (const message of messages) await deliver(name, url, message, fault)
  }

  async function write(name: string, nth: number, fault: CallbackFault | null): Promise<Volley> {
    const record = known(name)
    const order = world.lookAt(record.order)
    const event = order && eventsOf(order, age.nowMs()).find((one) => eventName(one) === record.event)
    if (!order || !event) throw new Error(`callback ${name} tells of nothing`)
    const notice = noticeOf(name, order, event, age)
    return volleyOf({ notice, key: keyFor(record, nth), signing: parts.signing }, fault)
  }

  function keyFor({ out_trade_no, event }: CallbackRecord, nth: number): ReplyKey {
    if (settings.callbackKey !== 'mixed') {
      return settings.callbackKey === 'certificate' ? 'certificate' : 'public_key'
    }
    const random = namedRandom(weather.seed, 'callbackKey', out_trade_no, event, nth)
    return random.next() < 0.5 ? 'certificate' : 'public_key'
  }

  async function deliver(
    name: string,
    url: string,
    message: Message,
    fault: CallbackFault | null,
  ): Promise<void> {
    if (closing.signal.aborted) return
    const result = await answerInTime(url, message)
    if (closing.signal.aborted) return
    ledger.together(() => noteAnswer(name, message, fault, result))
  }

  /** The answer, or that none came in time. */
  function answerInTime(url: string, { headers, body }: Message): Promise<SendResult> {
    const patience = new AbortController()
    const signal = AbortSignal.any([patience.signal, closing.signal])
    return new Promise((resolve) => {
      const cancel = clock.after(settings.callbackAnswerMs, () => {
        resolve({ failure: 'timeout' })
        patience.abort()
      })
      // A function of the caller's: it may throw as well as reject.
      const sent = (async () => settings.send(url, headers, body, signal))()
      sent
        .catch((error: unknown): SendResult => ({ failure: String(error) }))
        .then((result) => {
          cancel()
          resolve(result)
        })
    })
  }

  function noteAnswer(
    name: string,
    { genuine }: Message,
    fault: CallbackFault | null,
    result: SendResult,
  ): void {
    const record = known(name)
    const accepted = 'status' in result && (result.status === 200 || result.status === 204)
    const answer = accepted ? 'accepted' : 'status' in result ? 'refused' : 'unanswered'
    if (fault) byFault.set(fault.name, counted(byFault.get(fault.name) ?? NO_ANSWERS, answer))
    if (accepted && !genuine) badAccepted.set('all', (badAccepted.get('all') ?? 0) + 1)
    const lastStatus = 'status' in result ? result.status : null
    const after = { ...record, ...counted(record, answer), lastStatus }
    const done = accepted && genuine
    keep(name, done ? { ...after, state: 'acknowledged', dueAtMs: null, held: false } : after)
    if (done) release(record.order)
  }

  /** What waited to be overtaken by another callback of this order comes now. */
  function release(order: string): void {
    for (const name of [...held]) {
      const record = known(name)
      if (record.order === order) keep(name, { ...record, held: false, dueAtMs: clock.nowMs() })
    }
  }
}

const ORDER = 'order '
const CALLBACK = 'callback '

function nameOf(order: Order, event: string): string {
  return `${keyOf(order)} ${event}`
}

function lost(record: CallbackRecord): Strike {
  return { do: 'wait', record: { ...record, state: 'lost', dueAtMs: null } }
}
