import type { HttpReply, HttpRequest, HttpResult, Transport } from '../gateway/wechatpay/transport.ts'
import type { Host, SimulatorCore, WireReply } from '../simulator/index.ts'
import type { Chance } from './chance.ts'
import type { EventClock } from './event-clock.ts'
import type { Life } from './life.ts'
import type { MixUps } from './mix-ups.ts'

/** How bad the network is, beside what WeChat Pay itself does wrong. */
export interface Weather {
  /** A request stays on its way: seconds to minutes, longer than anybody waits for its reply. */
  readonly lateRequest: number
  /** A reply does. */
  readonly lateReply: number
  readonly refused: number
  readonly lost: number
  /** Somebody in between answers "no such order", and can't sign it. */
  readonly unsignedDenial: number
  /** An earlier reply to the same question comes again, rightly signed. */
  readonly replayed: number
  /** The reply to a question about another order comes, rightly signed. */
  readonly swapped: number
}

/** Sees what passes, as a tap on the line would. */
export interface Tap {
  /** A request leaves a process. */
  left(request: HttpRequest, life: Life): void
  /** A request reaches WeChat Pay. */
  arrived(request: HttpRequest, life: Life): void
  /** The process that asked hears a reply, or that none will come. */
  ended(request: HttpRequest, result: HttpResult, life: Life): void
}

export interface WireOptions {
  readonly clock: EventClock
  readonly chance: Chance
  readonly weather: Weather
  readonly wechatPay: Pick<SimulatorCore, 'handle'>
  readonly tap: Tap
  readonly mixUps: MixUps
}

export const MAIN_HOST = 'http://localhost'
export const BACKUP_HOST = 'http://backup.localhost'

const WAY_MS = { min: 5, max: 60 } as const
/** WeChat Pay refuses what was signed more than 300 s ago. Some come after that, most before. */
const LATE_REQUEST_MS_MAX = 320_000
const LATE_REPLY_MS_MAX = 60_000
const CONNECT_MS = 200

/** The network between one process and WeChat Pay. What has left goes on whatever becomes of the process. */
export function wireOf(life: Life, options: WireOptions): Transport {
  const { clock, chance, weather, wechatPay, tap, mixUps } = options
  const way = (): number => chance.ms(WAY_MS.min, WAY_MS.max)

  const exchange = (request: HttpRequest): Promise<HttpResult> =>
    new Promise((resolve) => {
      if (life.clock.nowMs() > request.notAfterMs) return resolve(TOO_LATE)
      if (chance.strikes('connection refused', weather.refused)) {
        life.clock.after(CONNECT_MS, () => resolve(REFUSED))
        return
      }
      tap.left(request, life)
      let isOver = false
      const settle = (result: HttpResult): void => {
        if (isOver) return
        isOver = true
        cancel()
        tap.ended(request, result, life)
        resolve(result)
      }
      const cancel = life.clock.after(request.readTimeoutMs, () => settle(SILENT))
      const isLate = chance.strikes('request late', weather.lateRequest)
      const outMs = isLate ? chance.ms(1_000, LATE_REQUEST_MS_MAX) : way()
      if (chance.strikes('request lost', weather.lost)) return
      clock.after(outMs, () => {
        tap.arrived(request, life)
        void wechatPay.handle(wireRequest(request)).then((answer) => {
          const backMs = chance.strikes('reply late', weather.lateReply)
            ? chance.ms(1_000, LATE_REPLY_MS_MAX)
            : way()
          if ('connection' in answer && answer.connection === 'hang') return
          const result = 'connection' in answer ? BROKEN : mixUps.instead(request, httpReply(answer))
          clock.after(backMs, () => life.wake(() => settle(result)))
        })
      })
    })

  return (request) => life.around(() => exchange(request))
}

const TOO_LATE: HttpResult = { kind: 'failure', reason: 'not-sent', sent: false, detail: 'too late' }
const REFUSED: HttpResult = { kind: 'failure', reason: 'unreachable', sent: false, detail: 'ECONNREFUSED' }
const SILENT: HttpResult = { kind: 'failure', reason: 'timeout', sent: true, detail: 'no reply' }
const BROKEN: HttpResult = { kind: 'failure', reason: 'reset', sent: true, detail: 'ECONNRESET' }

function wireRequest({ origin, method, path: url, headers, body }: HttpRequest) {
  const host: Host = origin === BACKUP_HOST ? 'backup' : 'primary'
  const named: Record<string, string> = {}
  for (let i = 0; i + 1 < headers.length; i += 2)
    named[(headers[i] ?? '').toLowerCase()] = headers[i + 1] ?? ''
  return { method, url, headers: named, body, host }
}

function httpReply({ status, headers, body }: WireReply): HttpReply {
  const named: Record<string, string> = {}
  for (const name in headers) named[name.toLowerCase()] = headers[name] ?? ''
  return { kind: 'reply', status, headers: named, body: Buffer.from(body) }
}
