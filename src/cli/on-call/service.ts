import { Agent, fetch } from 'undici'
import { ERRORS, type ErrorCode, shown, VerdictError } from '../../errors.ts'

export const API_KEY_VARIABLE = 'VERDICT_API_KEY'

export interface Asked {
  readonly method?: 'GET' | 'POST'
  readonly query?: Readonly<Record<string, string | number | undefined>>
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
  /** How long the answer is waited for. Default: 90 s. */
  readonly waitMs?: number
}

const ANSWER_MS_MAX = 90_000

/** The HTTP API of a running service. */
export class ServiceClient {
  readonly #url: string
  readonly #key: string
  // Node's own fetch gives up after five minutes without an answer, whatever the signal says.
  readonly #connections = new Agent({ headersTimeout: 0, bodyTimeout: 0 })

  /** @throws OPTION_INVALID */
  constructor(url: string, env: NodeJS.ProcessEnv) {
    const key = env[API_KEY_VARIABLE]
    if (!/^https?:\/\/[^/?#]+\/?$/.test(url) || !URL.canParse(url))
      throw invalid(
        `--service is ${shown(url)}; expected where verdict serve listens, as http://127.0.0.1:8080`,
      )
    if (key === undefined || key === '')
      throw invalid(`${API_KEY_VARIABLE} is not set; expected an API key of the service: verdict key add`)
    this.#url = url.replace(/\/$/, '')
    this.#key = key
  }

  /** @throws what the service answers, with its code; OPTION_INVALID if nobody answers */
  async ask<Answer>(
    path: string,
    { method = 'GET', query = {}, body, headers, waitMs = ANSWER_MS_MAX }: Asked = {},
  ): Promise<Answer> {
    const given = new URLSearchParams()
    for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, String(value))
    const search = given.size === 0 ? '' : `?${given}`
    const reply = await fetch(`${this.#url}${path}${search}`, {
      dispatcher: this.#connections,
      method,
      redirect: 'error',
      signal: AbortSignal.timeout(waitMs),
      headers: {
        authorization: `Bearer ${this.#key}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    }).catch((cause: Error) => {
      throw this.#silence(cause, waitMs)
    })
    const answer: unknown = await reply.json().catch(() => null)
    if (!reply.ok) throw refused(reply.status, answer)
    if (answer === null) throw invalid(`${this.#url} answers no JSON; expected a running verdict serve`)
    return answer as Answer
  }

  close(): Promise<void> {
    return this.#connections.destroy()
  }

  #silence(cause: Error, waitMs: number): VerdictError {
    if (cause.name === 'TimeoutError')
      return invalid(
        `${this.#url} has not answered for ${waitMs / 1_000} s; what was asked for may still be done`,
        { cause },
      )
    const why = cause.cause instanceof Error ? cause.cause.message : cause.message
    return invalid(`${this.#url} does not answer (${why}); expected a running verdict serve`, { cause })
  }
}

/** `dlv_42`, also of the number alone. @throws OPTION_INVALID */
export function deliveryId(text: string): string {
  const [, number] = /^(?:dlv_)?([1-9]\d{0,15})$/.exec(text) ?? []
  if (number === undefined) throw invalid(`the delivery is ${shown(text)}; expected its id, as dlv_42`)
  return `dlv_${number}`
}

function refused(status: number, answer: unknown): VerdictError {
  const { code, detail } = (answer ?? {}) as { readonly code?: unknown; readonly detail?: unknown }
  const known = typeof code === 'string' && code in ERRORS ? (code as ErrorCode) : 'INTERNAL'
  return new VerdictError(known, typeof detail === 'string' ? detail : `the service answers ${status}`)
}

function invalid(message: string, more?: ErrorOptions): VerdictError {
  return new VerdictError('OPTION_INVALID', message, more)
}
