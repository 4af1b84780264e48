import type { Difference, KeptReconciliation, Reconciliation } from '../api/types.ts'
import { billWords } from '../words/bills.ts'

/** How many differences of all kinds there are, also of those that are not shown one by one. */
export function differencesOf({ differing }: Pick<Reconciliation, 'differing'>): number {
  return Object.values(differing).reduce((sum, count) => sum + count, 0)
}

/** What was found of a day, in one word. */
export function FoundMark({ found }: { readonly found: Pick<Reconciliation, 'differing'> }) {
  const words = billWords.value
  const count = differencesOf(found)
  return count === 0 ? (
    <span class="state state-SUCCESS">{words.agrees}</span>
  ) : (
    <span class="state state-attention">{words.differ(count)}</span>
  )
}

/** How a day stands: what was found stays true while a later try fails. */
export function DayMarks({ day: { found, failure } }: { readonly day: KeptReconciliation }) {
  const words = billWords.value
  return (
    <>
      {found !== null && <FoundMark found={found} />}{' '}
      {failure !== null && (
        <span class="state state-failed">{found === null ? words.failed : words.latestFailed}</span>
      )}
      {found === null && failure === null && <span class="state state-pending">{words.notYet}</span>}
    </>
  )
}

export function KindMark({ kind }: Pick<Difference, 'kind'>) {
  return <span class="state state-attention">{billWords.value.kinds[kind].name}</span>
}
