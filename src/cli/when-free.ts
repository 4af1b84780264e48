import { sleep, systemClock } from '../clock.ts'
import { VerdictError } from '../errors.ts'
import type { Io } from './io.ts'

/** How long a process that was just killed may take to let go of its files. */
const WAIT_MS_MAX = 15_000
const RETRY_MS = 100

/**
 * Opens what another process may still be holding: waits a little for it to let go.
 *
 * @throws STORE_IN_USE if it doesn't, and what `open` throws
 */
export async function whenFree<Opened>(
  open: () => Promise<Opened>,
  { say, signal }: Pick<Io, 'say' | 'signal'>,
): Promise<Opened> {
  const untilMs = systemClock.nowMs() + WAIT_MS_MAX
  for (let attempt = 0; ; attempt++) {
    try {
      return await open()
    } catch (error) {
      const isInUse = error instanceof VerdictError && error.code === 'STORE_IN_USE'
      if (!isInUse || systemClock.nowMs() > untilMs) throw error
      if (attempt === 0) say(`${error.message}; waiting for it to end`)
      await sleep(systemClock, RETRY_MS, signal)
    }
  }
}
