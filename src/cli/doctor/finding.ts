/** What one check of `verdict doctor` came to. */
export interface Finding {
  readonly level: 'ok' | 'warn' | 'fail'
  /** `mchid` or `sp_mchid`; null for what belongs to no account. */
  readonly account: string | null
  /** What was looked at. */
  readonly check: string
  /** One sentence without its full stop, nothing secret. */
  readonly found: string
  /** What to do about it; null where nothing is to be done. */
  readonly todo: string | null
}

export function ok(check: string, found: string): Finding {
  return { level: 'ok', account: null, check, found, todo: null }
}

export function warn(check: string, found: string, todo: string): Finding {
  return { level: 'warn', account: null, check, found, todo }
}

export function fail(check: string, found: string, todo: string): Finding {
  return { level: 'fail', account: null, check, found, todo }
}

const DAY_MS = 86_400_000
/** So long before its end a certificate is spoken of. */
const SOON_MS = 30 * DAY_MS

/** A certificate by its times. */
export function validity(
  check: string,
  name: string,
  { fromMs, toMs, nowMs }: { readonly fromMs: number; readonly toMs: number; readonly nowMs: number },
  renew: string,
): Finding {
  const [from, to] = [day(fromMs), day(toMs)]
  if (nowMs >= toMs) return fail(check, `${name} has expired on ${to}`, renew)
  if (nowMs < fromMs)
    return fail(check, `${name} is valid only from ${from} on`, 'set the clock right, or wait')
  const days = Math.floor((toMs - nowMs) / DAY_MS)
  if (toMs - nowMs <= SOON_MS) return warn(check, `${name} expires on ${to}, in ${days} days`, renew)
  return ok(check, `${name} is valid until ${to}`)
}

function day(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10)
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
