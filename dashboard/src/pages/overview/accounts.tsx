import type { KeptReconciliation, Overview } from '../../api/types.ts'
import { count, duration } from '../../format.ts'
import { DayMarks } from '../../parts/bill-marks.tsx'
import { linkTo } from '../../router.ts'
import { useLatestBills } from './latest-bills.ts'
import { overviewWords } from './words.ts'

type Account = Overview['accounts'][number]

/** How WeChat Pay answers, by account and host; whether its callbacks arrive; and what its latest bill came to. */
export function Accounts({ accounts }: Pick<Overview, 'accounts'>) {
  const words = overviewWords.value
  const bills = useLatestBills(accounts.map(({ account }) => account))
  return (
    <section class="card whole">
      <h2>{words.accounts}</h2>
      <ul class="accounts">
        {accounts.map((account) => (
          <AccountRow key={account.account} account={account} bill={bills.get(account.account)} />
        ))}
      </ul>
    </section>
  )
}

interface AccountRowProps {
  readonly account: Account
  readonly bill: KeptReconciliation | undefined
}

function AccountRow({ account, bill }: AccountRowProps) {
  const words = overviewWords.value
  return (
    <li>
      <p class="account-head">
        <strong class="code">{account.account}</strong>
        <span class={`state state-${account.answers ? 'SUCCESS' : 'failed'}`}>
          {account.answers ? words.answers : words.silent}
        </span>
        <span class="muted small">{words.modes[account.mode]}</span>
      </p>
      {account.silent && <p class="alarm">{words.callbackSilence}</p>}
      <Hosts hosts={account.hosts} />
      <Callbacks callbacks={account.callbacks} />
      {bill !== undefined && <Bill bill={bill} />}
    </li>
  )
}

function Hosts({ hosts }: Pick<Account, 'hosts'>) {
  const words = overviewWords.value
  if (hosts.length === 0) return <p class="muted small">{words.noCalls}</p>
  return (
    <table>
      <thead>
        <tr>
          <th>{words.host}</th>
          <th class="right">{words.calls}</th>
          <th class="right">{words.noAnswer}</th>
          <th class="right">{words.typical}</th>
          <th class="right">{words.slow}</th>
        </tr>
      </thead>
      <tbody>
        {hosts.map((host) => (
          <tr key={host.host}>
            <td class="code breaks">
              {host.host}{' '}
              {host.calls > 0 && !host.answers && <span class="state state-failed">{words.silent}</span>}
            </td>
            <td class="right">{count(host.calls)}</td>
            <td class="right">{share(host.noAnswer, host.calls)}</td>
            <td class="right">{seconds(host.p50)}</td>
            <td class="right">{seconds(host.p95)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Callbacks({ callbacks }: Pick<Account, 'callbacks'>) {
  const words = overviewWords.value
  const names: Readonly<Record<string, string>> = words.callbackWords
  const told = Object.entries(callbacks).filter(
    (entry): entry is [string, number] => typeof entry[1] === 'number',
  )
  return (
    <p class="small">
      {words.callbacks}:{' '}
      {told.map(([name, value], i) => (
        <span key={name}>
          {i > 0 && ', '}
          <span class="number">{count(value)}</span> <span class="muted">{names[name] ?? name}</span>
        </span>
      ))}
    </p>
  )
}

function Bill({ bill }: { readonly bill: KeptReconciliation }) {
  return (
    <p class="small latest-bill">
      {overviewWords.value.bill}: <a href={linkTo(['bills', bill.account, bill.date])}>{bill.date}</a>{' '}
      <DayMarks day={bill} />
    </p>
  )
}

function share(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`
}

function seconds(value: number | null): string {
  return value === null ? '–' : duration(value * 1_000)
}
