import { ApiError } from '../../api/client.ts'
import { mayOperate } from '../../api/session.ts'
import type { Reconciliation } from '../../api/types.ts'
import { count, fullMoment } from '../../format.ts'
import { useAnew } from '../../parts/anew.ts'
import { differencesOf, FoundMark } from '../../parts/bill-marks.tsx'
import { type Doing, useDoing } from '../../parts/doing.ts'
import { Failure } from '../../parts/failure.tsx'
import { useLoaded } from '../../parts/load.ts'
import { SignedBytes } from '../../parts/signed-bytes.tsx'
import { partsWords } from '../../parts/words.ts'
import { linkTo, place } from '../../router.ts'
import './bills.css'
import { type Day, dayAt, hold, linkToDay, readDay } from './day-of.ts'
import { dayWords } from './day-words.ts'
import { Differences, Kinds } from './differences.tsx'
import { billsWords } from './words.ts'

export function DayPage() {
  const day = dayAt(place.value)
  // Of another day nothing is left here: neither what is under way, nor what went wrong.
  return <OneDay key={linkToDay(day)} day={day} />
}

function OneDay({ day }: { readonly day: Day }) {
  const words = dayWords.value
  const { account, sub_mchid, date } = day
  const { value, failure, reload } = useLoaded(linkToDay(day), (signal) => readDay(day, signal))
  const holding = useDoing(async () => {
    await hold({ account, date, ...(sub_mchid !== null && { sub_mchid }) })
    reload()
  })
  // Nobody tells of days that are tried by themselves.
  useAnew(reload, { everyMs: 60_000 })
  const found = value.value
  const isUnknown = isUnknownDay(failure.value)
  return (
    <>
      <header class="order-head">
        <p class="small">
          <a href={linkTo(['bills'])}>← {words.back}</a>
        </p>
        <h1>
          <span class="number">{date}</span> {found !== undefined && <FoundMark found={found} />}
        </h1>
        <p class="code muted">
          {account}
          {sub_mchid !== null && ` / ${sub_mchid}`}
        </p>
      </header>
      {isUnknown && (
        <p class="card">
          <strong>{words.unknown(date)}</strong> {words.unknownWhy}
        </p>
      )}
      {failure.value !== null && !isUnknown && <Failure of={failure.value} retry={reload} />}
      {found === undefined && failure.value === null && <p class="muted">{partsWords.value.loading}</p>}
      {found !== undefined && <Standing found={found} />}
      {mayOperate.value && (found !== undefined || isUnknown) && (
        <Again text={isUnknown ? words.now : words.again} holding={holding} />
      )}
      {found !== undefined && <Whole found={found} />}
    </>
  )
}

function isUnknownDay(failure: unknown): boolean {
  return failure instanceof ApiError && failure.problem.code === 'RECONCILIATION_UNKNOWN'
}

interface AgainProps {
  readonly text: string
  readonly holding: Doing
}

function Again({ text, holding: { isBusy, failure, run } }: AgainProps) {
  return (
    <div class="actions">
      <button type="button" disabled={isBusy.value} onClick={run}>
        {text}
      </button>
      <span role="status" class="small muted">
        {isBusy.value && billsWords.value.holding}
      </span>
      {failure.value !== null && <Failure of={failure.value} />}
    </div>
  )
}

function Standing({ found }: { readonly found: Reconciliation }) {
  const words = dayWords.value
  const { bill, asked } = found
  const differing = differencesOf(found)
  return (
    <p class={`standing standing-${differing === 0 ? 'good' : 'warn'}`}>
      {bill === null && `${words.noTrades} `}
      {differing > 0 && words.differ(differing)}
      {differing === 0 && bill !== null && words.same} {asked > 0 && words.asked(asked)}
    </p>
  )
}

function Whole({ found }: { readonly found: Reconciliation }) {
  return (
    <>
      <div class="columns">
        <Compared found={found} />
        {found.bill !== null && <Signed bill={found.bill} />}
      </div>
      {differencesOf(found) > 0 && (
        <>
          <Kinds differing={found.differing} />
          <Differences found={found} />
        </>
      )}
    </>
  )
}

function Compared({ found: { lines, agreed, asked } }: { readonly found: Reconciliation }) {
  const words = dayWords.value
  return (
    <section class="card">
      <h2>{words.compared}</h2>
      <dl class="facts">
        <dt>{words.payments}</dt>
        <dd class="number">{count(lines.payment)}</dd>
        <dt>{words.refunds}</dt>
        <dd class="number">{count(lines.refund)}</dd>
        <dt>{words.reversals}</dt>
        <dd class="number">{count(lines.reversal)}</dd>
        <dt>{words.agreed}</dt>
        <dd class="number">{count(agreed)}</dd>
        <dt>{words.askedAbout}</dt>
        <dd class="number">{count(asked)}</dd>
      </dl>
    </section>
  )
}

function Signed({ bill }: { readonly bill: NonNullable<Reconciliation['bill']> }) {
  const words = dayWords.value
  const { sha1, bytes, unit, evidence } = bill
  return (
    <section class="card signed-bill">
      <h2>{words.signed}</h2>
      <p class="muted small">{words.hashed}</p>
      <dl class="facts">
        <dt>{words.sha1}</dt>
        <dd class="code">{sha1}</dd>
        <dt>{words.serial}</dt>
        <dd class="code">{evidence.serial}</dd>
        <dt>{words.receivedAt}</dt>
        <dd>{fullMoment(evidence.receivedAt)}</dd>
        <dt>{words.bytes}</dt>
        <dd class="number">{count(bytes)}</dd>
        <dt>{words.unit}</dt>
        <dd>{words.units[unit ?? 'unknown']}</dd>
      </dl>
      <SignedBytes of={evidence} />
    </section>
  )
}
