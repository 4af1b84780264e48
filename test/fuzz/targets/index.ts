import type { Target } from '../target.ts'
import { answersTarget } from './answers.ts'
import { callbackTarget } from './callback.ts'
import { certificatesTarget } from './certificates.ts'
import { configurationTarget } from './configuration.ts'
import { doorTarget } from './door.ts'
import { engineTarget } from './engine.ts'
import { evidenceTarget } from './evidence.ts'
import { policyTarget } from './policy.ts'
import { rowsTarget } from './rows.ts'
import { simulatorTarget } from './simulator.ts'
import { wireTarget } from './wire.ts'
import { wishesTarget } from './wishes.ts'

/** Every entrance, and its part of all cases in a hundred: what costs less gets more. A new entrance needs a row. */
export const TARGETS: ReadonlyArray<readonly [make: () => Target, share: number]> = [
  [answersTarget, 26],
  [rowsTarget, 24],
  [policyTarget, 18],
  [doorTarget, 6],
  [certificatesTarget, 5],
  [callbackTarget, 4],
  [wishesTarget, 4],
  [configurationTarget, 3.5],
  [simulatorTarget, 3],
  [evidenceTarget, 2.5],
  [engineTarget, 2],
  [wireTarget, 2],
]
