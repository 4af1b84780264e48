import { VerdictError } from '../../errors.ts'
import { type Script, scriptFrom } from '../scripts.ts'
import { OUT_TRADE_NO } from '../wire/placing-fields.ts'
import type { ControlRequest } from './control.ts'

/** What will happen to the order of the path's number. Told before it is placed, so that nothing of it has happened. */
export function writeScript({ parts: { world, scripts }, name, body }: ControlRequest): {
  readonly out_trade_no: string
  readonly script: Script
} {
  if (!OUT_TRADE_NO.safeParse(name).success) {
    throw new VerdictError(
      'OPTION_INVALID',
      `${name} is no out_trade_no; expected 1 to 32 letters, digits or _ - | * @`,
    )
  }
  const script = scriptFrom(body)
  if (world.named(name).length > 0) {
    throw new VerdictError(
      'ORDER_STATE',
      `${name} is placed already; a script is told before, expected a number that no order has yet`,
    )
  }
  scripts.write(name, script)
  return { out_trade_no: name, script }
}
