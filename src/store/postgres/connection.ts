import { Pool, type PoolClient, types } from 'pg'
import { sleep, systemClock } from '../../clock.ts'
import type { Cells, Value } from '../rows/cells.ts'
import { arrayLiteral, withoutNul } from './array-literal.ts'

/** What goes into a statement: one value, or one array for each column of `unnest`. */
export type Parameter = Value | ReadonlyArray<Value>

/** Runs statements: each on its own, or all of one transaction. */
export interface Session {
  /** The rows, as arrays in the order of the columns. */
  rows(sql: string, ...parameters: readonly Parameter[]): Promise<readonly Cells[]>
}

/** A session in a transaction. */
export interface Transaction extends Session {
  /** Several statements, without parameters and rows. */
  run(sql: string): Promise<void>
}

export interface ConnectionOptions {
  readonly url: string
  /** Connections at most. */
  readonly poolSize: number
  /** How long a statement, or the making of a connection, may take at most. Default: 20 s, and 10 s. */
  readonly answerMsMax?: number
  /** Whether the server keeps our statements by name: then nothing may stand in between that changes its connections. */
  readonly prepares?: boolean
  /** Hears of a connection that broke while nobody used it. */
  readonly onError: (error: Error) => void
}

/** Longer than any statement of ours takes: then the server, or the way to it, hangs. */
const STATEMENT_MS_MAX = 20_000
const CONNECT_MS_MAX = 10_000
const DAY_MS = 86_400_000
/**
 * Whoever waited for a lock must see what was written meanwhile, whatever the database's default is. A process that is
 * stopped in the middle of a transaction keeps its row locks for 5 s, and then loses it. Set in each transaction: behind a
 * pooler a session is not ours.
 */
const BEGIN = 'BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = 5000'
const DEADLOCK = '40P01'
const SERIALIZATION_FAILURE = '40001'
const ATTEMPTS_MAX = 5

/**
 * Connections to one database. Nothing is kept in a session between two transactions, so a pooler in transaction mode may
 * stand in between.
 */
export class Connection implements Session {
  readonly #pool: Pool
  readonly #prepares: boolean
  readonly #underWay = new Set<Promise<unknown>>()

  constructor({ url, poolSize, answerMsMax, prepares = false, onError }: ConnectionOptions) {
    this.#prepares = prepares
    this.#pool = new Pool({
      connectionString: url,
      max: poolSize,
      connectionTimeoutMillis: answerMsMax ?? CONNECT_MS_MAX,
      query_timeout: answerMsMax ?? STATEMENT_MS_MAX,
      keepAlive: true,
      application_name: 'verdict',
      types: { getTypeParser },
    })
    this.#pool.on('error', onError)
  }

  /** One statement, which is a transaction of its own. Repeated if the server chose it to end a deadlock. */
  async rows(sql: string, ...parameters: readonly Parameter[]): Promise<readonly Cells[]> {
    return this.#during(
      repeated(async () => rowsOf(await this.#pool.query(query(sql, parameters, this.#prepares)))),
    )
  }

  /** One statement that takes as long as it takes, in no transaction. */
  async alone(sql: string): Promise<void> {
    const statement = { text: sql, query_timeout: DAY_MS }
    await this.#during(this.#pool.query(statement))
  }

  /** All of `work` or nothing of it. Repeated from its beginning if the server chose it to end a deadlock. */
  async together<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    return this.#during(repeated(() => this.#once(work)))
  }

  async #once<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    const client = await this.#pool.connect()
    // The pool listens only while a connection lies there. If this one breaks, the statement that is under way fails, or
    // the next one; the event itself would end the process if nobody heard it.
    client.on('error', ignore)
    try {
      await client.query(BEGIN)
      const result = await work(transactionOf(client, this.#prepares))
      await client.query('COMMIT')
      client.release()
      return result
    } catch (error) {
      // The connection goes with it: what it was in the middle of, nobody knows.
      client.release(error instanceof Error ? error : true)
      throw error
    } finally {
      // From here on the pool listens again.
      client.off('error', ignore)
    }
  }

  async #during<Result>(work: Promise<Result>): Promise<Result> {
    this.#underWay.add(work)
    try {
      return await work
    } finally {
      this.#underWay.delete(work)
    }
  }

  /** Waits for what is under way. The pool itself forgets whoever still waits for a connection of it. */
  async end(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay)
    await this.#pool.end()
  }
}

function transactionOf(client: PoolClient, prepares: boolean): Transaction {
  return {
    rows: async (sql, ...parameters) => rowsOf(await client.query(query(sql, parameters, prepares))),
    run: async (sql) => {
      await client.query(sql)
    },
  }
}

function query(text: string, parameters: readonly Parameter[], isPrepared: boolean) {
  return {
    text,
    values: parameters.map(written),
    rowMode: 'array' as const,
    ...(isPrepared && { name: nameOf(text) }),
  }
}

const names = new Map<string, string>()

/** The same text has the same name, on every connection. */
function nameOf(text: string): string {
  const name = names.get(text) ?? `verdict ${names.size + 1}`
  names.set(text, name)
  return name
}

function rowsOf({ rows }: { readonly rows: unknown[] }): readonly Cells[] {
  return rows as Cells[]
}

function written(parameter: Parameter): Value {
  if (parameter === null || typeof parameter === 'number') return parameter
  return typeof parameter === 'string' ? withoutNul(parameter) : arrayLiteral(parameter)
}

function ignore(): void {}

async function repeated<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!isToRepeat(error) || attempt === ATTEMPTS_MAX) throw error
      await sleep(systemClock, attempt * 10)
    }
  }
}

function isToRepeat(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown }
  return code === DEADLOCK || code === SERIALIZATION_FAILURE
}

/** Every integer of ours is safe as a number: amounts, moments in ms, row numbers. */
function getTypeParser(oid: number, format?: 'text' | 'binary'): (text: string) => unknown {
  if (oid === types.builtins.INT8) return Number
  return types.getTypeParser(oid, format as 'text')
}
