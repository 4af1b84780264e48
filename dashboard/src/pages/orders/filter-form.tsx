import { useSignal } from '@preact/signals'
import { accounts } from '../../api/accounts.ts'
import { go, linkTo } from '../../router.ts'
import { orderWords } from '../../words/order.ts'
import { FIELDS, type Filter, isEmpty, SHOWS, STATES, totalIn } from './filter.ts'
import { ordersWords } from './words.ts'

/** Writes the filter into the address when it is sent; the list reads it from there. */
export function FilterForm({ filter }: { readonly filter: Filter }) {
  const words = ordersWords.value
  const amountIsWrong = useSignal(filter.amount !== '' && totalIn(filter.amount) === null)

  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    const data = new FormData(event.currentTarget as HTMLFormElement)
    const given = Object.fromEntries(FIELDS.map((field) => [field, String(data.get(field) ?? '').trim()]))
    amountIsWrong.value = given.amount !== '' && totalIn(given.amount ?? '') === null
    if (amountIsWrong.value) return
    go(['orders'], { ...given, from: momentIn(given.from), to: momentIn(given.to) })
  }
  // What is hidden must not filter in secret.
  const isOpen = Boolean(filter.amount || filter.account || filter.sub_mchid || filter.from || filter.to)
  return (
    <search>
      <form class="card filters" onSubmit={submit}>
        <div class="field field-wide">
          <label for="filter-number">{words.number}</label>
          <input
            id="filter-number"
            name="number"
            type="search"
            defaultValue={filter.number}
            spellcheck={false}
          />
        </div>
        <div class="field">
          <label for="filter-show">{words.show}</label>
          <select id="filter-show" name="show" defaultValue={filter.show}>
            <option value="">{words.shows.all}</option>
            {SHOWS.map((show) => (
              <option key={show} value={show} selected={filter.show === show}>
                {words.shows[show]}
              </option>
            ))}
            {STATES.map((state) => (
              <option key={state} value={state} selected={filter.show === state}>
                {orderWords.value.states[state]}
              </option>
            ))}
          </select>
        </div>
        <div class="buttons">
          <button type="submit" class="main">
            {words.search}
          </button>
          {!isEmpty(filter) && (
            <a class="button" href={linkTo(['orders'])}>
              {words.clear}
            </a>
          )}
        </div>
        <details open={isOpen || amountIsWrong.value}>
          <summary>{words.more}</summary>
          <div class="filters-more">
            <div class="field">
              <label for="filter-amount">{words.amount}</label>
              <input
                id="filter-amount"
                name="amount"
                inputMode="decimal"
                placeholder={words.amountHint}
                defaultValue={filter.amount}
                aria-invalid={amountIsWrong.value}
                aria-describedby="filter-amount-wrong"
              />
              <span id="filter-amount-wrong" class="small wrong" role="status">
                {amountIsWrong.value && words.amountWrong}
              </span>
            </div>
            <div class="field">
              <label for="filter-account">{words.account}</label>
              <select id="filter-account" name="account">
                <option value="">{words.anyAccount}</option>
                {accounts.value.map((account) => (
                  <option key={account} selected={filter.account === account}>
                    {account}
                  </option>
                ))}
              </select>
            </div>
            <div class="field">
              <label for="filter-sub">{words.subMchid}</label>
              <input id="filter-sub" name="sub_mchid" defaultValue={filter.sub_mchid} spellcheck={false} />
            </div>
            <div class="field">
              <label for="filter-from">{words.from}</label>
              <input
                id="filter-from"
                name="from"
                type="datetime-local"
                defaultValue={localMoment(filter.from)}
              />
            </div>
            <div class="field">
              <label for="filter-to">{words.to}</label>
              <input id="filter-to" name="to" type="datetime-local" defaultValue={localMoment(filter.to)} />
            </div>
          </div>
        </details>
      </form>
    </search>
  )
}

/** RFC 3339 of what a field for local time holds. */
function momentIn(local: string | undefined): string | undefined {
  const atMs = Date.parse(local ?? '')
  return Number.isNaN(atMs) ? undefined : new Date(atMs).toISOString()
}

function localMoment(at: string): string {
  const atMs = Date.parse(at)
  if (Number.isNaN(atMs)) return ''
  const local = new Date(atMs - new Date(atMs).getTimezoneOffset() * 60_000)
  return local.toISOString().slice(0, 16)
}
