import { Client } from 'pg'
import { sleep, systemClock, within } from '../../clock.ts'

export interface ListenerOptions {
  readonly url: string
  readonly channel: string
  readonly onPayload: (payload: string) => void
  /** It listens now, and did not before: something may have been missed. */
  readonly onGap: () => void
  /** It is cut off: told once, however often it tries in vain to listen again. */
  readonly onError: (error: Error) => void
}

const PAUSE_MS = 500
const PAUSE_MS_MAX = 5_000
/** A connection that silently died is found so soon. */
const LOOK_MS = 5_000
const ANSWER_MS_MAX = 5_000

/** A connection of its own that listens, and is made anew when it breaks. The one thing that is kept in a session. */
export class Listener {
  readonly #options: ListenerOptions
  readonly #ending = new AbortController()
  #running: Promise<void> = Promise.resolve()

  constructor(options: ListenerOptions) {
    this.#options = options
  }

  start(): void {
    this.#running = this.#run()
  }

  async end(): Promise<void> {
    this.#ending.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    let failures = 0
    while (!this.#ending.signal.aborted) {
      try {
        await this.#listen(() => {
          failures = 0
        })
      } catch (error) {
        failures += 1
        if (failures === 1 && !this.#ending.signal.aborted) this.#options.onError(error as Error)
      }
      await pause(Math.min(PAUSE_MS * 2 ** failures, PAUSE_MS_MAX), this.#ending.signal)
    }
  }

  /** Resolves when it is ended, rejects when the connection is lost. */
  async #listen(onListening: () => void): Promise<void> {
    const { url, channel, onPayload, onGap } = this.#options
    const client = new Client({
      connectionString: url,
      application_name: 'verdict listening',
      keepAlive: true,
      connectionTimeoutMillis: ANSWER_MS_MAX,
      query_timeout: ANSWER_MS_MAX,
    })
    const lost = new Promise<never>((_, reject) => {
      client.on('error', reject)
      client.on('end', () => reject(new Error('the connection ended')))
    })
    // Ends the pause. A race of the two would leave something behind in `lost` at each look, which may last for months.
    const pausing = new AbortController()
    const wake = (): void => pausing.abort()
    lost.catch(wake)
    this.#ending.signal.addEventListener('abort', wake, { once: true })
    client.on('notification', ({ payload }) => onPayload(payload ?? ''))
    try {
      await client.connect()
      await client.query(`LISTEN ${client.escapeIdentifier(channel)}`)
      onListening()
      onGap()
      while (!this.#ending.signal.aborted) {
        await pause(LOOK_MS, pausing.signal)
        if (this.#ending.signal.aborted) return
        if (pausing.signal.aborted) await lost
        await client.query('SELECT 1')
      }
    } finally {
      this.#ending.signal.removeEventListener('abort', wake)
      // On a way that leads nowhere any more the farewell is never answered.
      await within(systemClock, ANSWER_MS_MAX, client.end()).catch(() => {})
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(systemClock, ms, signal).catch(() => {})
}
