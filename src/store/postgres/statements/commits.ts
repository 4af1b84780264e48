import { AFTERCARE_COLUMNS, REFUND_COLUMNS } from '../../rows/aftercare.ts'
import { EVIDENCE_COLUMNS, JOURNAL_COLUMNS, PROGRESS_COLUMNS, VERDICT_COLUMNS } from '../../rows/orders.ts'
import { overwriting, unnest } from './parts.ts'

const CHANGE_COLUMNS = ['id', 'from_version', 'worker', 'claimed_until', 'keep', ...PROGRESS_COLUMNS]

/** What a commit may write, each as rows; all but the changes may be empty. */
export interface Written {
  readonly changes: number
  readonly facts: number
  readonly journal: number
  readonly evidence: number
  readonly verdicts: number
  readonly credentials: number
  readonly aftercare: number
  readonly refunds: number
  readonly strays: number
}

export type Part = keyof Written

const IS_APPLIED = 'order_id IN (SELECT id FROM applied)'

interface PartOfCommit {
  readonly columns: readonly string[]
  /** @param rows the `unnest` of its columns */
  readonly sql: (rows: string) => string
}

function inserted(
  table: string,
  columns: readonly string[],
  more: { also?: string; end?: string } = {},
): (rows: string) => string {
  return (rows) => `${table}_written AS (
  INSERT INTO verdict.${table} (${columns}) SELECT ${columns} FROM ${rows}
  WHERE ${IS_APPLIED}${more.also ?? ''} ${more.end ?? ''}
)`
}

const COMMITTED_EVIDENCE = ['order_id', 'version', 'nth', ...EVIDENCE_COLUMNS]
const COMMITTED_VERDICT = ['order_id', 'state', ...VERDICT_COLUMNS, 'evidence_version', 'evidence_nth']

/** In the order in which their parameters come. */
export const COMMIT_PARTS: Readonly<Record<Part, PartOfCommit>> = {
  changes: {
    columns: CHANGE_COLUMNS,
    // A claim ends with the change unless it is kept or another; that of an order about which nothing is to be done ends.
    sql: (rows) => `applied AS (
  UPDATE verdict.orders SET ${PROGRESS_COLUMNS.map((column) => `${column} = changes.${column}`)},
    worker = CASE WHEN ${STAYS} THEN orders.worker END,
    claimed_until = CASE WHEN ${STAYS} THEN orders.claimed_until END
  FROM ${rows}
  WHERE orders.id = changes.id AND orders.version = changes.from_version
    AND (orders.state IN ('placing', 'waiting', 'ending') OR orders.state = changes.state)
  RETURNING orders.id
)`,
  },
  // Written once, but for an amount that a person has corrected.
  facts: {
    columns: ['order_id', 'total', 'currency'],
    sql: (rows) => `facts_corrected AS (
  UPDATE verdict.facts SET total = corrected.total, currency = corrected.currency
  FROM (SELECT * FROM ${rows}) AS corrected
  WHERE facts.order_id = corrected.order_id AND corrected.${IS_APPLIED}
)`,
  },
  journal: {
    columns: ['order_id', 'version', 'line', ...JOURNAL_COLUMNS],
    sql: inserted('journal', ['order_id', 'version', 'line', ...JOURNAL_COLUMNS]),
  },
  evidence: {
    columns: [...COMMITTED_EVIDENCE, 'only_new'],
    sql: inserted('evidence', COMMITTED_EVIDENCE, {
      also: ` AND (only_new = 0 OR NOT EXISTS (
    SELECT 1 FROM verdict.verdicts WHERE verdicts.order_id = evidence.order_id))`,
    }),
  },
  // A verdict is written once; what is learnt later changes the order beside it, never the verdict.
  verdicts: {
    columns: COMMITTED_VERDICT,
    sql: inserted('verdicts', COMMITTED_VERDICT, { end: 'ON CONFLICT (order_id) DO NOTHING' }),
  },
  // A repeated placing may bring a new credential; the latest is the one that works.
  credentials: {
    columns: ['order_id', 'name', 'value'],
    sql: inserted('credentials', ['order_id', 'name', 'value'], {
      end: `ON CONFLICT (order_id) DO UPDATE SET ${overwriting(['name', 'value'])}`,
    }),
  },
  aftercare: {
    columns: ['order_id', ...AFTERCARE_COLUMNS],
    sql: inserted('aftercare', ['order_id', ...AFTERCARE_COLUMNS], {
      end: `ON CONFLICT (order_id) DO UPDATE SET ${overwriting(AFTERCARE_COLUMNS)}`,
    }),
  },
  // A refund of the same number keeps its row, and its place in the sequence.
  refunds: {
    columns: ['order_id', ...REFUND_COLUMNS, 'ord'],
    sql: inserted('refunds', ['order_id', ...REFUND_COLUMNS], {
      end: `ORDER BY ord ON CONFLICT (order_id, out_refund_no) DO UPDATE SET ${overwriting(REFUND_COLUMNS)}`,
    }),
  },
  strays: {
    columns: ['order_id', 'stray_id'],
    sql: (rows) => `strays_dropped AS (
  DELETE FROM verdict.strays WHERE id IN (SELECT stray_id FROM ${rows} WHERE ${IS_APPLIED})
)`,
  },
}

const STAYS = `changes.due_at IS NOT NULL AND (changes.keep = 1 OR
  changes.worker IS NOT NULL AND (orders.worker, orders.claimed_until) IS DISTINCT FROM (changes.worker, changes.claimed_until))`

const commits = new Map<string, string>()

/** The statement that writes these parts, and gives the numbers of the orders whose change was applied. */
export function commitOf(parts: readonly Part[]): string {
  const name = parts.join(' ')
  const known = commits.get(name)
  if (known !== undefined) return known
  let first = 1
  const pieces = parts.map((part) => {
    const { columns, sql } = COMMIT_PARTS[part]
    const piece = sql(unnest(first, columns, part))
    first += columns.length
    return piece
  })
  const text = `WITH ${pieces.join(',\n')}\nSELECT id FROM applied`
  commits.set(name, text)
  return text
}

/** Tells the other processes. Takes the channel and what is told. */
export const NOTIFY = 'SELECT pg_notify($1, $2)'
