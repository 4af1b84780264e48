import { signal } from '@preact/signals'

/*
 * "Three seconds ago" is told by the service's clock, not by the browser's, which may be wrong; and in a demo time runs
 * faster than in the browser.
 */

let anchor = { hereMs: performance.now(), thereMs: Date.now(), speed: 1 }

/** @param header `x-verdict-clock`: the service's epoch ms, and its ms per real ms where that isn't 1 */
export function learnClock(header: string | null): void {
  const [thereMs, speed = 1] = (header ?? '').split(' ').filter(Boolean).map(Number)
  if (!Number.isFinite(thereMs) || !(speed > 0)) return
  anchor = { hereMs: performance.now(), thereMs: thereMs as number, speed }
}

/** The service's epoch ms. */
export function nowMs(): number {
  return Math.round(anchor.thereMs + (performance.now() - anchor.hereMs) * anchor.speed)
}

const TICK_MS = 250

/** `nowMs`, four times a second, for what is shown; it stands still while the page is hidden. */
export const now = signal(nowMs())
setInterval(() => {
  if (!document.hidden) now.value = nowMs()
}, TICK_MS)
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) now.value = nowMs()
})
