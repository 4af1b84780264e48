import type { Edit, Mutant } from '../mutant.ts'

const SQLITE = 'src/store/sqlite/store.ts'
const CLAIMS = 'src/store/sqlite/claims.ts'

/** Takes the version that it finds, instead of the one that was decided on. */
const LAST_WRITER_WINS: Edit = {
  file: SQLITE,
  find: 'const { from, order, journal, evidence, credential, aftercare } = change',
  replace: `const { journal, evidence, credential, aftercare } = change
    const from = this.#version.first(change.order.id) ?? change.from
    const order = { ...change.order, version: from + 1 }`,
}

/** Commits and claims of the SQLite store. */
export const STORE: readonly Mutant[] = [
  {
    name: 'commit-unconditional',
    breaks: 'design 3.6, guide 2.8',
    says: 'A commit is applied whatever the version of the order is by then.',
    edits: [LAST_WRITER_WINS],
  },
  {
    name: 'verdict-falls',
    breaks: 'design 3.3',
    says: 'A commit is applied whatever version and state the order has by then, a final one included.',
    edits: [
      LAST_WRITER_WINS,
      {
        file: 'src/store/sqlite/statements.ts',
        find: "(state IN ('placing', 'waiting', 'ending') OR state = ?)",
        replace: '(state IS NOT NULL OR state = ?)',
      },
    ],
  },
  {
    name: 'lease-never-ends',
    breaks: 'design 3.6',
    says: "A dead worker's claims are never free.",
    edits: [
      {
        file: CLAIMS,
        find: 'this.#held.set(id, held)\n    this.#firstEndAtMs = Math.min(',
        replace: 'this.#held.set(id, held)\n    this.#firstEndAtMs = Math.max(',
      },
    ],
  },
  {
    name: 'look-back-window',
    breaks: 'design 3.5',
    says: 'An order that has been due for more than a minute is claimed by nobody any more.',
    edits: [
      {
        file: CLAIMS,
        find: 'const elsewhere = this.#free(rest, rest.here, ALWAYS_MS, dueUntilMs, roomForOthers)',
        replace: 'const elsewhere = this.#free(rest, rest.here, nowMs - 60_000, dueUntilMs, roomForOthers)',
      },
    ],
  },
  {
    name: 'commit-keeps-every-claim',
    breaks: 'design 3.5',
    says: 'A commit releases no claim, so that the order is nobody’s until the claim is over.',
    edits: [
      {
        file: SQLITE,
        find: 'this.#claims.changed(change.order, keepClaim === true, claim)',
        replace: 'this.#claims.changed(change.order, true, claim)',
      },
    ],
  },
  {
    name: 'purchase-not-checked',
    breaks: 'design 2, guide 6.9',
    says: 'A second number for a purchase is taken while an earlier one is open or paid.',
    edits: [{ file: SQLITE, find: "if (by !== null) return { outcome: 'purchase-taken', by }", replace: '' }],
  },
  {
    name: 'evidence-of-another-statement',
    breaks: 'design 3.1',
    says: 'A verdict points to the first evidence of its order, not to its own.',
    edits: [
      {
        file: SQLITE,
        find: 'evidence === null ? null : (evidenceIds.get(evidence) ?? this.#writeEvidence(id, evidence))',
        replace: `evidence === null
        ? null
        : Number(this.db.prepare('SELECT min(id) AS id FROM evidence WHERE order_id = ?').get(id)?.id)`,
      },
    ],
  },
]
