import { AssertionError } from 'node:assert'
import type { SQLOutputValue } from 'node:sqlite'
import { VerdictError } from '../../../src/errors.ts'
import { aftercareOf, refundOf } from '../../../src/store/rows/aftercare.ts'
import type { Cells } from '../../../src/store/rows/cells.ts'
import { deliveryOf } from '../../../src/store/rows/deliveries.ts'
import {
  credentialOf,
  evidenceOf,
  journalLineOf,
  openOrderOf,
  orderOf,
  platformKeyOf,
} from '../../../src/store/rows/orders.ts'
import { strayOf } from '../../../src/store/rows/strays.ts'
import type { Chance } from '../chance.ts'
import { number, text } from '../hostile.ts'
import { must, type Target } from '../target.ts'

/** What a twin puts around the real reading. */
export type Reading = (read: (cells: Cells) => unknown, cells: Cells) => unknown

/** Rows that others have written: read as what they are, or refused as a row that is not ours. */
export const rowsTarget = (reading: Reading = (read, cells) => read(cells)): Target => ({
  name: 'rows',
  open: () => ({
    run: (chance) => {
      const [name, cells, read] = chance.pick(ROWS)
      const given = bentCells(chance, cells)
      chance.input = { name, given }
      try {
        const value = reading(read, given)
        must(value === null || typeof value === 'object', `a row of ${name} is read as ${typeof value}`)
        return `${name} read`
      } catch (error) {
        if (error instanceof VerdictError) must(error.code === 'STORE_INVALID', `the code is ${error.code}`)
        else if (!(error instanceof AssertionError)) throw error
        return `${name} ${error.name}`
      }
    },
  }),
})

const FACTS = [1, '1900000001', '', 'A42', 'native'] as const
const PROGRESS = [
  'waiting',
  0,
  5,
  1,
  0,
  0,
  null,
  1,
  5,
  0,
  null,
  null,
  null,
  null,
  null,
  null,
  null,
  null,
  null,
] as const
const ENDING = ['ending', 0, 5, 1, 0, 0, null, 1, 5, 0, null, null, null, 'act', 1, 0, null, null, 0] as const
const ENDED = [
  'SUCCESS',
  0,
  null,
  1,
  0,
  0,
  'SUCCESS',
  1,
  5,
  0,
  null,
  null,
  null,
  null,
  null,
  null,
  null,
  null,
  null,
] as const
const OWED = [8_800, 'HKD', 'placed', 1, null, 5, 6] as const
const EVIDENCE = ['reply', 'GET /', 200, 'S', '1', 'n', 's', '{}', 5] as const
const VERDICT = [5, 'query', '42', null] as const
const NONE = [null, null, null, null, null, null, null, null, null, null, null, null, null] as const

type Row = readonly [name: string, cells: Cells, read: (cells: Cells) => unknown]

const ROWS: readonly Row[] = [
  ['order', [...FACTS, ...PROGRESS, ...OWED, ...NONE], (cells) => orderOf(cells, () => null)],
  ['order', [...FACTS, ...ENDING, ...OWED, ...NONE], (cells) => orderOf(cells, () => null)],
  ['order', [...FACTS, ...ENDED, ...OWED, ...VERDICT, ...EVIDENCE], (cells) => orderOf(cells, () => null)],
  ['due order', [...FACTS, ...PROGRESS, ...OWED], openOrderOf],
  ['evidence', [...EVIDENCE], evidenceOf],
  ['journal', [5, 'answer', 'query', 'SUCCESS', null, 12], journalLineOf],
  ['credential', ['code_url', 'weixin://'], credentialOf],
  ['key', ['1900000001', 'S', 'PEM', 5], platformKeyOf],
  ['aftercare', [null, 'confirm', 5, null, null, 6, 0, null], aftercareOf],
  ['refund', ['R1', 'k', 'asked', 100, null, 5, 'sent', 6, 1, 5, null, 0, null, null, null], refundOf],
  [
    'delivery',
    [1, 1, 'handlers', 'M1', 'order.verdict', '{}', 5, 'pending', 0, 6, null, null, null],
    deliveryOf,
  ],
  [
    'stray',
    [1, '1900000001', '', 'A42', 'EV', 'payment', '{"trade_state":"SUCCESS"}', null, ...EVIDENCE],
    strayOf,
  ],
]

function bentCells(chance: Chance, cells: Cells): Cells {
  const given = [...cells]
  for (let left = chance.below(4); left > 0; left -= 1) {
    const at = chance.below(given.length)
    if (chance.oneIn(12)) given.splice(at, 1)
    else given[at] = cell(chance)
  }
  return given
}

/** What SQLite can hold. */
function cell(chance: Chance): SQLOutputValue {
  switch (chance.below(5)) {
    case 0:
      return null
    case 1:
      return number(chance)
    case 2:
      return new Uint8Array(chance.below(8))
    case 3:
      return chance.pick([
        'SUCCESS',
        'ending',
        'waiting',
        'payment',
        'refund',
        '{}',
        '[',
        '{"a":1}',
        '{"status":1}',
      ])
    default:
      return text(chance)
  }
}
