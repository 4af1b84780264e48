import { accounts } from '../../api/accounts.ts'
import { get } from '../../api/client.ts'
import { mayOperate } from '../../api/session.ts'
import type { KeptReconciliation, Page } from '../../api/types.ts'
import { useAnew } from '../../parts/anew.ts'
import { Failure } from '../../parts/failure.tsx'
import { useLoaded } from '../../parts/load.ts'
import { partsWords } from '../../parts/words.ts'
import { go, linkTo, place } from '../../router.ts'
import './bills.css'
import { DayTable } from './day-table.tsx'
import { HoldForm } from './hold-form.tsx'
import { billsWords } from './words.ts'

const LIMIT = 50

export function Bills() {
  const words = billsWords.value
  const { query } = place.value
  const account = query.get('account') || undefined
  const cursor = query.get('cursor') || undefined
  const { value, failure, reload } = useLoaded(query.toString(), (signal) =>
    get<Page<KeptReconciliation>>('/v1/reconciliations', {
      query: { account, cursor, limit: LIMIT },
      signal,
    }),
  )
  // Nobody tells of days that are tried by themselves.
  useAnew(reload, { everyMs: 60_000 })
  const page = value.value
  return (
    <>
      <header class="bills-head">
        <h1>{words.title}</h1>
        {accounts.value.length > 1 && <AccountFilter account={account} />}
      </header>
      <p class="muted">{words.intro}</p>
      {mayOperate.value && <HoldForm account={account} />}
      {failure.value !== null && <Failure of={failure.value} retry={reload} />}
      {page === undefined && failure.value === null && <p class="muted">{partsWords.value.loading}</p>}
      {page?.data.length === 0 && <p class="card">{words.none}</p>}
      {page !== undefined && page.data.length > 0 && <DayTable days={page.data} />}
      <p class="paging">
        {cursor !== undefined && (
          <a class="button" href={linkTo(['bills'], { account })}>
            {words.first}
          </a>
        )}
        {page?.next != null && (
          <a class="button" href={linkTo(['bills'], { account, cursor: page.next })}>
            {words.next}
          </a>
        )}
      </p>
    </>
  )
}

function AccountFilter({ account }: { readonly account: string | undefined }) {
  const words = billsWords.value
  return (
    <search class="bills-filter">
      <label for="bills-account">{words.account}</label>
      <select
        id="bills-account"
        value={account ?? ''}
        onChange={({ currentTarget }) => go(['bills'], { account: currentTarget.value })}
      >
        <option value="">{words.anyAccount}</option>
        {accounts.value.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    </search>
  )
}
