import { noteWithMoney } from '../../../../src/core/journal-money.ts'
import { now } from '../../api/clock.ts'
import { duration, fullMoment, moment, money } from '../../format.ts'
import { journalWords } from './journal-words.ts'
import type { Story } from './story.ts'

/** Everything that happened, line by line; the latest at the end, as in the log of a ship. */
export function Journal({ story: { journal, order } }: { readonly story: Story }) {
  const words = journalWords.value
  const createdMs = Date.parse(order.createdAt)
  return (
    <section class="card">
      <h2>{words.title}</h2>
      <table class="journal">
        <thead>
          <tr>
            <th>{words.at}</th>
            <th class="right">{words.since}</th>
            <th>{words.what}</th>
          </tr>
        </thead>
        <tbody>
          {journal.map((line, i) => (
            <tr key={`${line.at} ${i}`} class={`event-${line.event}`}>
              <td>
                <time dateTime={line.at} title={fullMoment(line.at)}>
                  {moment(line.at, now.peek())}
                </time>
              </td>
              <td class="right muted">+{duration(Date.parse(line.at) - createdMs)}</td>
              <td>
                {words.tell(line)}
                {line.note !== undefined && (
                  <span class="note small muted">{noteWithMoney(line, money)}</span>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
