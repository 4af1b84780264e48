import { now } from '../../api/clock.ts'
import type { KeptReconciliation } from '../../api/types.ts'
import { count, fullMoment, moment } from '../../format.ts'
import { DayMarks } from '../../parts/bill-marks.tsx'
import { linkToDay } from './day-of.ts'
import { billsWords } from './words.ts'

export function DayTable({ days }: { readonly days: readonly KeptReconciliation[] }) {
  const { columns } = billsWords.value
  return (
    <div class="card list">
      <table>
        <thead>
          <tr>
            <th>{columns.day}</th>
            <th>{columns.result}</th>
            <th>{columns.merchant}</th>
            <th class="right">{columns.payments}</th>
            <th class="right">{columns.refunds}</th>
            <th class="right">{columns.reversals}</th>
            <th class="right">{columns.agreed}</th>
            <th>{columns.lookedAt}</th>
          </tr>
        </thead>
        <tbody>
          {days.map((day) => (
            <Row key={`${day.date} ${day.account} ${day.sub_mchid}`} day={day} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Row({ day }: { readonly day: KeptReconciliation }) {
  const { columns } = billsWords.value
  const { account, sub_mchid, date, triedAt, found } = day
  return (
    <tr>
      <td class="cell-number">
        <a class="day-link" href={linkToDay(day)}>
          {date}
        </a>
      </td>
      <td class="cell-state">
        <DayMarks day={day} />
        <WhyNot day={day} />
      </td>
      <td data-label={columns.merchant} class="code">
        <span>
          {account}
          {sub_mchid !== null && <span class="muted"> / {sub_mchid}</span>}
        </span>
      </td>
      <td data-label={columns.payments} class="right cell-more">
        {found === null ? '–' : count(found.lines.payment)}
      </td>
      <td data-label={columns.refunds} class="right cell-more">
        {found === null ? '–' : count(found.lines.refund)}
      </td>
      <td data-label={columns.reversals} class="right cell-more">
        {found === null ? '–' : count(found.lines.reversal)}
      </td>
      <td data-label={columns.agreed} class="right">
        {found === null ? '–' : count(found.agreed)}
      </td>
      <td data-label={columns.lookedAt}>
        {triedAt === null ? (
          '–'
        ) : (
          <time dateTime={triedAt} title={fullMoment(triedAt)}>
            {moment(triedAt, now.peek())}
          </time>
        )}
      </td>
    </tr>
  )
}

/** Why nothing was found, or nothing new. */
function WhyNot({ day: { tries, failure, found } }: { readonly day: KeptReconciliation }) {
  const words = billsWords.value
  if (failure === null && found !== null) return null
  const tried = words.tried(tries ?? 0)
  return <p class="small muted why">{failure === null ? tried : words.because(tried, failure)}</p>
}
