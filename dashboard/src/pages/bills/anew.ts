import { useEffect } from 'preact/hooks'
import { listen } from '../../api/live.ts'
import { calmly } from '../../parts/calmly.ts'

const CALM_MS = 2_000
const EVERY_MS = 60_000

/** Reads anew each minute, for nobody tells of days that are tried by themselves, and when the connection is back. */
export function useAnew(reload: () => void): void {
  useEffect(() => {
    const anew = calmly(CALM_MS, reload)
    const stop = listen({ reset: anew.soon })
    const timer = setInterval(anew.soon, EVERY_MS)
    return () => {
      stop()
      clearInterval(timer)
      anew.stop()
    }
  }, [reload])
}
