import { useSignal } from '@preact/signals'
import { now } from '../../api/clock.ts'
import type { Evidence } from '../../api/types.ts'
import { moment } from '../../format.ts'
import { useDoing } from '../../parts/doing.ts'
import { Failure } from '../../parts/failure.tsx'
import { SignedBytes } from '../../parts/signed-bytes.tsx'
import { evidenceWords } from './evidence-words.ts'
import type { Story } from './story.ts'
import { type Check, type Checked, canVerify, type Outcome, verifyAll } from './verify.ts'

/** What WeChat Pay signed about the order, and whether it holds: checked by the service, and again here on demand. */
export function EvidenceCard({ story: { order, evidence } }: { readonly story: Story }) {
  const words = evidenceWords.value
  const outcome = useSignal<{ readonly of: string; readonly outcome: Outcome } | null>(null)
  // What was verified is these very statements: another one that came since was not.
  const which = `${order.state} ${evidence.data.map(({ signature }) => signature).join()}`
  const { isBusy, failure, run } = useDoing(async () => {
    outcome.value = { of: which, outcome: await verifyAll(order, evidence.data, evidence.keys) }
  })
  const shown = outcome.value?.of === which ? outcome.value.outcome : null
  return (
    <section class="card evidence">
      <h2>{words.title}</h2>
      {evidence.data.length === 0 ? (
        <p class="muted">{words.none}</p>
      ) : (
        <>
          <p>
            {words.kept(evidence.data.length)} {order.verdict !== null && words.service(evidence.holds)}
          </p>
          {order.verdict !== null && evidence.because !== null && (
            <p class="muted small">{evidence.because}</p>
          )}
          {canVerify() ? (
            <button type="button" disabled={isBusy.value} onClick={run}>
              {words.verify}
            </button>
          ) : (
            <p class="muted small">{words.cannot}</p>
          )}
          <p role="status" class={`outcome outcome-${shown?.because ?? 'none'}`}>
            {shown !== null && words.outcome[shown.because]}
          </p>
          {failure.value !== null && <Failure of={failure.value} />}
          <ul class="rows">
            {evidence.data.map((piece, i) => (
              <Piece
                key={piece.signature + piece.receivedAt}
                piece={piece}
                checked={shown?.pieces[i] ?? null}
                proves={shown?.provenBy === i}
              />
            ))}
          </ul>
          {shown?.because === 'proven' && order.state === 'NOT_CREATED' && (
            <p class="muted small">{words.denials}</p>
          )}
        </>
      )}
    </section>
  )
}

interface PieceProps {
  readonly piece: Evidence
  readonly checked: Checked | null
  readonly proves: boolean
}

function Piece({ piece, checked, proves }: PieceProps) {
  const words = evidenceWords.value
  return (
    <li>
      <span class="number">{moment(piece.receivedAt, now.peek())}</span> {words.sources[piece.source]}
      {checked !== null && (
        <>
          {', '}
          {words.about[checked.about]}: <strong class="code">{checked.says ?? '?'}</strong>{' '}
          {proves && <span class="state state-SUCCESS">{words.proves}</span>}
          <ul class="checks">
            {checked.checks.map((check) => (
              <CheckLine key={check.what} check={check} />
            ))}
          </ul>
          {checked.openedByService && <p class="muted small">{words.opened}</p>}
          {checked.about === 'refusal' && <p class="muted small">{words.refusal}</p>}
          {checked.fingerprint !== null && (
            <p class="muted small">
              {words.fingerprint} <span class="code breaks">{checked.fingerprint}</span>
            </p>
          )}
        </>
      )}
      <SignedBytes of={piece} />
    </li>
  )
}

const SIGNS = { right: '✓', wrong: '✗', absent: '–' } as const

function CheckLine({ check: { what, result, found } }: { readonly check: Check }) {
  const words = evidenceWords.value
  return (
    <li class={`check check-${result}`}>
      <span aria-hidden="true">{SIGNS[result]}</span> {words.checks[what]}{' '}
      {found !== null && <span class="code breaks">{found}</span>}{' '}
      {(result !== 'right' || found === null) && <span>({words.results[result]})</span>}
      {result === 'right' && <span class="hidden">{words.results.right}</span>}
    </li>
  )
}
