import type { Verdict } from '../../verdict.ts'

/** What the shop and its back office ask of Verdict: one in this process, or several in others. */
export type Service = Pick<
  Verdict,
  'place' | 'track' | 'giveUp' | 'order' | 'refund' | 'statistics' | 'callbacks' | 'close'
>
