import { useSignal } from '@preact/signals'
import { amountIn, money, plainAmount } from '../../format.ts'
import { isFinal, type Sale, type Till } from './facts.ts'
import { act, cancel } from './live.ts'
import { QrCode } from './qr.tsx'
import { tillWords } from './words.ts'

const CURRENCY = 'HKD'
const TOTAL_MAX = 1_000_000

/** Where the cashier asks for money, and sees what became of it. */
export function TillCard({ view }: { readonly view: Till }) {
  const words = tillWords.value
  const { sale, phone } = view
  const isOpen = sale !== null && !isFinal(sale)
  return (
    <section class="card till-card" aria-labelledby="till">
      <h2 id="till">{words.tillName}</h2>
      <Display sale={sale} />
      {isOpen && sale.order.kind === 'native' && <Qr sale={sale} />}
      {isOpen && (
        <button type="button" disabled={sale.order.givenUpAt !== null} onClick={() => void cancel(sale)}>
          {words.cancel}
        </button>
      )}
      <RingUp code={phone.code} isFirst={!isOpen} />
    </section>
  )
}

function Display({ sale }: { readonly sale: Sale | null }) {
  const words = tillWords.value
  if (sale === null)
    return (
      <div class="display">
        <p>{words.idle}</p>
      </div>
    )
  const { order } = sale
  return (
    <div class={`display display-${order.state}`} data-state={order.state} aria-live="polite">
      <p class="display-money">{money(order.amount.total, order.amount.currency)}</p>
      <p>{words.standing[order.state]}</p>
    </div>
  )
}

function Qr({ sale: { code_url, order } }: { readonly sale: Sale }) {
  const words = tillWords.value
  if (code_url === null) return <p class="muted small">{words.noQr}</p>
  return <QrCode text={code_url} label={words.qr(money(order.amount.total, order.amount.currency))} />
}

/** @param isFirst whether this is what the till is for now: while a sale is open, the next one is not */
function RingUp({ code, isFirst }: { readonly code: string; readonly isFirst: boolean }) {
  const words = tillWords.value
  const amount = useSignal(plainAmount(8_800, CURRENCY))
  const kind = useSignal<'quick_pay' | 'native'>('quick_pay')
  const scanned = useSignal<string | null>(null)
  const total = amountIn(amount.value, CURRENCY)
  const isWrong = total === null || total < 1 || total > TOTAL_MAX
  const isQuick = kind.value === 'quick_pay'
  // The cashier may type a code; else the scanner reads what the phone shows now.
  const auth_code = scanned.value ?? code

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    if (isWrong) return
    await act('sales', isQuick ? { kind: 'quick_pay', total, auth_code } : { kind: 'native', total })
    scanned.value = null
  }
  return (
    <form class="ring-up" onSubmit={submit} noValidate>
      <div class="field">
        <label for="till-amount">{words.amount}</label>
        <input
          id="till-amount"
          inputmode="decimal"
          autocomplete="off"
          value={amount.value}
          aria-invalid={isWrong}
          aria-describedby={isWrong ? 'till-amount-wrong' : undefined}
          onInput={({ currentTarget }) => {
            amount.value = currentTarget.value
          }}
        />
        {isWrong && (
          <p id="till-amount-wrong" class="wrong small">
            {words.amountWrong}
          </p>
        )}
      </div>
      <fieldset>
        <legend>{words.how}</legend>
        {(['quick_pay', 'native'] as const).map((one) => (
          <label key={one} class="choice">
            <input
              type="radio"
              name="kind"
              value={one}
              checked={kind.value === one}
              onChange={() => {
                kind.value = one
              }}
            />
            {one === 'native' ? words.native : words.quick}
          </label>
        ))}
      </fieldset>
      {isQuick && (
        <div class="field">
          <label for="till-code">{words.code}</label>
          <input
            id="till-code"
            class="code"
            inputmode="numeric"
            autocomplete="off"
            maxLength={18}
            value={auth_code}
            onInput={({ currentTarget }) => {
              scanned.value = currentTarget.value
            }}
          />
        </div>
      )}
      <button type="submit" class={isFirst ? 'main' : ''} disabled={isWrong}>
        {isQuick ? words.ring : words.showQr}
      </button>
    </form>
  )
}
