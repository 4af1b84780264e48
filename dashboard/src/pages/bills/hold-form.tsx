import { useSignal } from '@preact/signals'
import { beijingDate, DAY_MS } from '../../../../src/wechatpay/beijing.ts'
import { accounts } from '../../api/accounts.ts'
import { now } from '../../api/clock.ts'
import { useDoing } from '../../parts/doing.ts'
import { Failure } from '../../parts/failure.tsx'
import { go, place } from '../../router.ts'
import { hold } from './day-of.ts'
import { billsWords } from './words.ts'

/** Holds a day against its bill now, and shows what was found. */
export function HoldForm({ account }: { readonly account: string | undefined }) {
  const words = billsWords.value
  const date = useSignal(beijingDate(now.peek() - DAY_MS))
  const chosen = useSignal<string | undefined>(undefined)
  const whose = chosen.value ?? account ?? accounts.value[0]
  const { isBusy, failure, run } = useDoing(async () => {
    const before = place.peek()
    const found = await hold({ date: date.value, ...(whose !== undefined && { account: whose }) })
    // It takes its time: whoever has gone elsewhere meanwhile is left there.
    if (place.peek() === before) go(['bills', found.account, found.date])
  })
  const submit = (event: Event): void => {
    event.preventDefault()
    void run()
  }
  return (
    <form class="card hold" onSubmit={submit}>
      <div class="field">
        <label for="hold-date">{words.holdDate}</label>
        <input
          id="hold-date"
          type="date"
          required
          max={beijingDate(now.peek())}
          value={date.value}
          onInput={({ currentTarget }) => (date.value = currentTarget.value)}
        />
      </div>
      {accounts.value.length > 1 && (
        <div class="field">
          <label for="hold-account">{words.holdAccount}</label>
          <select
            id="hold-account"
            value={whose}
            onChange={({ currentTarget }) => (chosen.value = currentTarget.value)}
          >
            {accounts.value.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        </div>
      )}
      <button type="submit" class="main" disabled={isBusy.value}>
        {words.hold}
      </button>
      <p role="status" class="small muted">
        {isBusy.value && words.holding}
      </p>
      {failure.value !== null && <Failure of={failure.value} />}
    </form>
  )
}
