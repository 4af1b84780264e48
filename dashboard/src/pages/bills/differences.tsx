import type { Difference, Reconciliation } from '../../api/types.ts'
import { count } from '../../format.ts'
import { differencesOf, KindMark } from '../../parts/bill-marks.tsx'
import { linkTo } from '../../router.ts'
import { billWords } from '../../words/bills.ts'
import { dayWords } from './day-words.ts'

/** How many there are of each kind, and what each kind means. */
export function Kinds({ differing }: Pick<Reconciliation, 'differing'>) {
  const kinds = Object.entries(differing) as readonly (readonly [Difference['kind'], number])[]
  return (
    <section class="card">
      <h2>{dayWords.value.kinds}</h2>
      <ul class="rows">
        {kinds.map(([kind, number]) => (
          <li key={kind} class="difference-kind">
            <strong class="number">{count(number)}</strong>
            <div>
              <KindMark kind={kind} /> <span class="code small muted">{kind}</span>
              <p>{billWords.value.kinds[kind].explained}</p>
            </div>
          </li>
        ))}
      </ul>
    </section>
  )
}

/** One by one, as far as they are kept. */
export function Differences({ found }: { readonly found: Reconciliation }) {
  const words = dayWords.value
  const { columns } = words
  const { differences } = found
  const all = differencesOf(found)
  return (
    <section class="differences" aria-labelledby="differences">
      <h2 id="differences">{words.differences}</h2>
      {all > differences.length && <p class="muted">{words.shown(differences.length, all)}</p>}
      <div class="card list">
        <table>
          <thead>
            <tr>
              <th>{columns.order}</th>
              <th>{columns.kind}</th>
              <th class="right">{columns.line}</th>
              <th>{columns.refund}</th>
              <th>{columns.billed}</th>
              <th>{columns.here}</th>
            </tr>
          </thead>
          <tbody>
            {differences.map((difference, i) => (
              <Row key={`${difference.line} ${i}`} difference={difference} account={found.account} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

interface RowProps {
  readonly difference: Difference
  readonly account: string
}

function Row({ difference, account }: RowProps) {
  const words = dayWords.value
  const { columns } = words
  const { kind, line, sub_mchid, out_trade_no, out_refund_no, billed, here } = difference
  return (
    <tr>
      <td class="cell-number">
        {out_trade_no === null ? (
          <span class="muted">{words.noOrder}</span>
        ) : (
          <a class="code" href={linkTo(['orders'], { number: out_trade_no, account })}>
            {out_trade_no}
          </a>
        )}
        {sub_mchid !== null && <span class="code muted small sub-mchid">{sub_mchid}</span>}
      </td>
      <td class="cell-state">
        <KindMark kind={kind} />
      </td>
      <td data-label={columns.line} class="right">
        {line === null ? '–' : count(line)}
      </td>
      <td data-label={columns.refund} class="code breaks">
        {out_refund_no ?? '–'}
      </td>
      <td data-label={columns.billed} class="breaks">
        {billed ?? <span class="muted">{words.nothing}</span>}
      </td>
      <td data-label={columns.here} class="breaks">
        {here ?? <span class="muted">{words.nothing}</span>}
      </td>
    </tr>
  )
}
