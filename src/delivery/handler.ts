import type { Clock } from '../clock.ts'
import {
  checkedName,
  checkedTimeoutMs,
  EVENT_TYPES,
  type EventType,
  type Message,
  notDelivered,
  optionInvalid,
  type Target,
} from './target.ts'

/** `data` is that of the message's payload. What it returns is ignored; a promise is awaited. */
export type Handler = (data: unknown, message: Message) => unknown

export interface HandlerOptions {
  /** Names the target in the store for ever. */
  readonly name: string
  /** A message without a handler is not for this target. */
  readonly handlers: { readonly [T in EventType]?: Handler }
  /** 100 to 600,000. Default: 60,000. */
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 60_000
const TIMEOUT_MS_MAX = 600_000

/**
 * Calls functions of this process. A handler that returns, or whose promise resolves in time, has the message; one that
 * throws, rejects or takes too long is called again with it. What took too long is not stopped, only no longer awaited.
 *
 * @throws OPTION_INVALID with one sentence
 */
export function handlerTarget(options: HandlerOptions, { clock }: { readonly clock: Clock }): Target {
  const name = checkedName(options.name)
  const handlers = checkedHandlers(options.handlers)
  const timeoutMs = checkedTimeoutMs(options.timeoutMs ?? TIMEOUT_MS, TIMEOUT_MS_MAX)
  const closing = new AbortController()
  return {
    name,
    wants: (type) => handlers.has(type),
    async deliver(message) {
      const handler = handlers.get(message.type)
      if (closing.signal.aborted) return notDelivered(CLOSED)
      if (handler === undefined) return notDelivered(`no handler for ${message.type}`)
      try {
        await inTime({ clock, timeoutMs, closing: closing.signal }, call(handler, message))
        return { ok: true }
      } catch (error) {
        return notDelivered(reasonOf(error))
      }
    },
    async end() {
      closing.abort()
    },
  }
}

async function call(handler: Handler, message: Message): Promise<void> {
  const { data }: { data: unknown } = JSON.parse(message.payload)
  await handler(data, message)
}

interface Limit {
  readonly clock: Clock
  readonly timeoutMs: number
  readonly closing: AbortSignal
}

/** Rejects once the time is up or the target is ended; the handler can't be stopped. */
function inTime({ clock, timeoutMs, closing }: Limit, work: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      cancel()
      closing.removeEventListener('abort', onClosing)
    }
    const stop = (why: string): void => {
      end()
      reject(new Error(why))
    }
    const onClosing = (): void => stop(CLOSED)
    const cancel = clock.after(timeoutMs, () => stop(`not done within ${timeoutMs} ms`))
    closing.addEventListener('abort', onClosing)
    work.finally(end).then(resolve, reject)
  })
}

const CLOSED = 'closed'

/** Anything can be thrown, also what can't be turned into text. */
function reasonOf(error: unknown): string {
  try {
    return String((error instanceof Error && error.message) || error)
  } catch {
    return 'the handler threw something without a text'
  }
}

function checkedHandlers(handlers: unknown): ReadonlyMap<string, Handler> {
  const expected = `a function for some of ${EVENT_TYPES.join(', ')}`
  const given = Object.entries(handlers ?? {}).filter(([, handler]) => handler !== undefined)
  for (const [type, handler] of given) {
    const isKnown = EVENT_TYPES.some((known) => known === type)
    if (!isKnown) throw optionInvalid(`the handler "${type}"`, 'unknown', expected)
    if (typeof handler !== 'function') throw optionInvalid(`the handler "${type}"`, 'no function', expected)
  }
  if (given.length === 0) throw optionInvalid('handlers', 'empty', expected)
  return new Map(given)
}
