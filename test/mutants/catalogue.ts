import { CALLBACKS } from './catalogue/callbacks.ts'
import { DELIVERIES } from './catalogue/deliveries.ts'
import { ENDINGS } from './catalogue/endings.ts'
import { ENGINE } from './catalogue/engine.ts'
import { GATEWAY } from './catalogue/gateway.ts'
import { INTENTS } from './catalogue/intents.ts'
import { MENDED } from './catalogue/mended.ts'
import { REFUNDS } from './catalogue/refunds.ts'
import { STORE } from './catalogue/store.ts'
import { VERDICTS } from './catalogue/verdicts.ts'
import type { Mutant } from './mutant.ts'

/** Every deliberate fault, in the sequence of the table in docs/proof.md. */
export const MUTANTS: readonly Mutant[] = [
  ...VERDICTS,
  ...ENDINGS,
  ...REFUNDS,
  ...INTENTS,
  ...ENGINE,
  ...STORE,
  ...GATEWAY,
  ...CALLBACKS,
  ...DELIVERIES,
  ...MENDED,
]
