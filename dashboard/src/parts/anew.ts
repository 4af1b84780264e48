import { useEffect } from 'preact/hooks'
import { listen } from '../api/live.ts'
import { calmly } from './calmly.ts'

const CALM_MS = 2_000

/** What makes a page read anew, beside a connection that is back. */
export interface Anew {
  readonly everyMs: number
  /** Whether each change of an order does, too. */
  readonly changes?: boolean
}

/** Reads anew for as long as the page is shown, and calmly: what comes within two seconds is one reading. */
export function useAnew(reload: () => void, { everyMs, changes = false }: Anew): void {
  useEffect(() => {
    const anew = calmly(CALM_MS, reload)
    const stop = listen({ reset: anew.soon, ...(changes && { changed: anew.soon }) })
    const timer = setInterval(anew.soon, everyMs)
    return () => {
      stop()
      clearInterval(timer)
      anew.stop()
    }
  }, [reload, everyMs, changes])
}
