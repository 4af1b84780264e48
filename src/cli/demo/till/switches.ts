import {
  CALL_FAULTS,
  CALLBACK_FAULTS,
  type FaultLevel,
  type Probabilities,
  probabilitiesOf,
} from '../../../simulator/faults.ts'

/** What goes wrong, as the till's page switches it: by itself, and on purpose. */
export interface Switches {
  /** What strikes every order by chance. */
  readonly level: FaultLevel
  /** Half of WeChat Pay's replies get lost, after what was asked is done. */
  readonly repliesLost: boolean
  /** Nearly all of WeChat Pay's replies take 3 to 12 seconds. */
  readonly slowAnswers: boolean
  readonly callbacksLost: boolean
  /** Both hosts of WeChat Pay refuse every connection. */
  readonly down: boolean
}

const LOST = 0.5
/** Of what the other faults leave. */
const SLOW_SHARE = 0.9

/** The probabilities that the simulator is given; that WeChat Pay is down, it is told beside them. */
export function probabilitiesFor({
  level,
  repliesLost,
  slowAnswers,
  callbacksLost,
}: Switches): Probabilities {
  const odds = { ...probabilitiesOf(level) }
  if (repliesLost) {
    // Half of the lost ones break off, half leave the till in silence.
    odds.resetAfter += LOST / 2
    odds.noReplyAfter += LOST / 2
  }
  if (slowAnswers) {
    const others = CALL_FAULTS.reduce((sum, name) => sum + odds[name], 0)
    odds.slowReply += (1 - others) * SLOW_SHARE
  }
  if (callbacksLost) {
    for (const name of CALLBACK_FAULTS) odds[name] = 0
    odds.callbackLost = 1
  }
  return odds
}
