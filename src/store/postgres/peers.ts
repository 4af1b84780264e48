import { randomUUID } from 'node:crypto'
import { integer, text } from '../rows/cells.ts'
import type { Beat, Beaten, Peers } from '../store.ts'
import type { Connection } from './connection.ts'
import { Listener } from './listener.ts'

/** One channel for all: what matters to nobody here costs a look into a map. */
export const CHANNEL = 'verdict'
/** PostgreSQL takes less than 8,000 bytes. */
const IDS_MAX = 400

/** Workers that have been silent for too long: since before a moment of the database's time. */
export interface Dead {
  readonly names: readonly string[]
  readonly silentSinceMs: number
}

export interface PeersOptions {
  /** For the connection that listens. */
  readonly url: string
  /** Hears of that connection when it breaks, or can't be made. */
  readonly onError: (error: Error) => void
  readonly onDead: (dead: Dead) => void
  /** Hears, before anybody else does, that another has left, or that something may have been missed. */
  readonly onUnsure: () => void
}

/** What processes that share the database tell each other. */
export class PostgresPeers implements Peers {
  readonly #beats: Connection
  /** For all but heartbeats, which must not wait behind anything. */
  readonly #connection: Connection
  readonly #options: PeersOptions
  /** Names this process in what it tells: it needn't hear itself. */
  readonly #self = randomUUID().slice(0, 8)

  constructor({ beats, connection }: Record<'beats' | 'connection', Connection>, options: PeersOptions) {
    this.#beats = beats
    this.#connection = connection
    this.#options = options
  }

  async beat({ worker, holds, wants, deadMs }: Beat): Promise<Beaten> {
    const [row = []] = await this.#beats.rows(
      'SELECT now_ms, granted, dead FROM verdict.beat($1, $2::jsonb, $3::jsonb, $4)',
      worker,
      JSON.stringify(holds),
      JSON.stringify(wants),
      deadMs,
    )
    const [now_ms, granted, dead] = row
    const beaten = {
      nowMs: integer(now_ms),
      granted: granted as Beaten['granted'],
      dead: (dead as readonly unknown[]).map(text),
    }
    this.#options.onDead({ names: beaten.dead, silentSinceMs: beaten.nowMs - deadMs })
    return beaten
  }

  async leave(worker: string): Promise<void> {
    // What it gave back is free, and may be due: whoever looks only now and then looks at once.
    await this.#beats.rows(
      `WITH gone AS (DELETE FROM verdict.workers WHERE name = $1) SELECT pg_notify($2, $3)`,
      worker,
      CHANNEL,
      this.told(null),
    )
  }

  watch(changed: (ids: readonly number[] | null) => void): () => Promise<void> {
    const unsure = (): void => {
      this.#options.onUnsure()
      changed(null)
    }
    const listener = new Listener({
      ...{ url: this.#options.url, onError: this.#options.onError },
      channel: CHANNEL,
      onPayload: (payload) => {
        const [from, ids] = payload.split(':')
        if (from === this.#self) return
        if (ids === undefined) unsure()
        else changed(idsIn(ids))
      },
      onGap: unsure,
    })
    listener.start()
    return () => listener.end()
  }

  async noteHeard(account: string, nowMs: number): Promise<void> {
    await this.#connection.rows(
      `INSERT INTO verdict.callbacks_heard (account, heard_at) VALUES ($1, $2)
       ON CONFLICT (account) DO UPDATE SET heard_at = excluded.heard_at`,
      account,
      nowMs,
    )
  }

  async heardAtMs(account: string): Promise<number | null> {
    const [row] = await this.#connection.rows(
      'SELECT heard_at FROM verdict.callbacks_heard WHERE account = $1',
      account,
    )
    return row === undefined ? null : integer(row[0])
  }

  /** What the others are told of these orders; in one message, which names no order if there are too many, or for null. */
  told(ids: readonly number[] | null): string {
    return ids === null || ids.length > IDS_MAX ? this.#self : `${this.#self}:${ids.join(',')}`
  }
}

/** Others may write to the channel: what is no number is not ours. */
function idsIn(list: string): readonly number[] {
  return list.split(',').map(Number).filter(Number.isSafeInteger)
}
