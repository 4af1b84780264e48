import type { ComponentChildren } from 'preact'
import { money } from '../../format.ts'
import type { Till } from './facts.ts'
import { act } from './live.ts'
import { tillWords } from './words.ts'

const tell = (body: object) => (): void => void act('phone', body)

/** What the customer holds in his hand. */
export function PhoneCard({ view }: { readonly view: Till }) {
  const words = tillWords.value
  const { phone } = view
  return (
    <section class="phone-card" aria-labelledby="phone">
      <h2 id="phone">{words.phoneName}</h2>
      <div class={phone.hasNetwork ? 'phone' : 'phone phone-offline'}>
        <p class="phone-bar">
          <span>WeChat Pay</span>
          <span class="phone-signal">{phone.hasNetwork ? <Bars /> : words.noNetwork}</span>
        </p>
        <div class="phone-screen" data-screen={phone.screen} aria-live="polite">
          <Screen view={view} />
        </div>
      </div>
      <div class="phone-settings">
        <label class="choice">
          <input
            type="checkbox"
            checked={phone.hasNetwork}
            onChange={tell({ network: phone.hasNetwork ? 'down' : 'up' })}
          />
          {words.network}
        </label>
        <label class="choice">
          <input
            type="checkbox"
            checked={phone.asksPassword}
            onChange={tell({ password: !phone.asksPassword })}
          />
          {words.password}
        </label>
      </div>
    </section>
  )
}

function Screen({ view: { phone, sale } }: { readonly view: Till }) {
  const words = tillWords.value
  const { screen, payment, why } = phone
  const total = payment === null ? '' : money(payment.total, payment.currency)
  switch (screen) {
    case 'code': {
      const code_url = sale?.code_url ?? null
      return (
        <>
          {code_url !== null && (
            <button type="button" class="main" onClick={tell({ do: 'scan', code_url })}>
              {words.scan}
            </button>
          )}
          <Barcode digits={phone.code} />
          <p class="code phone-digits">{phone.code.replace(/(\d{4})(?=\d)/g, '$1 ')}</p>
          <p class="small">{words.phoneCode}</p>
        </>
      )
    }
    case 'asks':
      return (
        <>
          <p class="phone-total">{words.pays(total)}</p>
          <p class="small">{words.shop}</p>
          <button type="button" class="main" onClick={tell({ do: 'pay' })}>
            {words.enter}
          </button>
          <button type="button" onClick={tell({ do: 'pay-slowly' })}>
            {words.slowly}
          </button>
          <button type="button" onClick={tell({ do: 'refuse' })}>
            {words.refuse}
          </button>
        </>
      )
    case 'typing':
      return (
        <>
          <p class="phone-total">{words.pays(total)}</p>
          <Dots />
          <p class="small">{words.typing}</p>
        </>
      )
    case 'sending':
      return (
        <>
          <p class="phone-total">{total}</p>
          <p>{words.sending}</p>
          {!phone.hasNetwork && <p class="small">{words.sendingHint}</p>}
        </>
      )
    case 'paid':
      return <Result sign="✓" kind="good" total={total} said={words.paid} />
    case 'returned':
      return <Result sign="↩" kind="over" total={total} said={words.returned} />
    case 'refused':
      return <Result sign="✕" kind="over" total={total} said={words.refused} />
    case 'failed':
      return (
        <Result sign="!" kind="bad" total={total} said={words.failed}>
          {why !== null && <p class="small phone-why">{why}</p>}
        </Result>
      )
    case 'over':
      return <Result sign="–" kind="over" total={total} said={words.over} />
  }
}

interface ResultProps {
  readonly sign: string
  readonly kind: 'good' | 'bad' | 'over'
  readonly total: string
  readonly said: string
  readonly children?: ComponentChildren
}

function Result({ sign, kind, total, said, children }: ResultProps) {
  return (
    <>
      <span class={`phone-sign phone-${kind}`} aria-hidden="true">
        {sign}
      </span>
      <p class="phone-total">{said}</p>
      <p>{total}</p>
      {children}
    </>
  )
}

/** Three dots that take turns, and stand still for whoever wants no motion. */
function Dots() {
  return (
    <p class="phone-dots" aria-hidden="true">
      <span>●</span>
      <span>●</span>
      <span>●</span>
    </p>
  )
}

function Bars() {
  return (
    <svg viewBox="0 0 16 12" width="16" height="12" aria-hidden="true">
      {[3, 6, 9, 12].map((height, i) => (
        <rect key={height} x={i * 4} y={12 - height} width="3" height={height} rx="1" fill="currentColor" />
      ))}
    </svg>
  )
}

/** Bars as the digits give them: an ornament, the till reads the digits. */
function Barcode({ digits }: { readonly digits: string }) {
  const widths = [...digits].flatMap((digit) => [1 + (Number(digit) % 3), 1 + (Number(digit) % 2)])
  let x = 0
  const bars = widths.map((width, i) => {
    const bar = i % 2 === 0 ? <rect key={x} x={x} y="0" width={width} height="30" /> : null
    x += width
    return bar
  })
  return (
    <svg class="barcode" viewBox={`0 0 ${x} 30`} preserveAspectRatio="none" aria-hidden="true">
      {bars}
    </svg>
  )
}
