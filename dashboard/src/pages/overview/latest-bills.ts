import { useEffect } from 'preact/hooks'
import { get } from '../../api/client.ts'
import type { KeptReconciliation, Page } from '../../api/types.ts'
import { useLoaded } from '../../parts/load.ts'

/** A day is tried once, and looked at again half an hour later: nobody tells of it. */
const EVERY_MS = 60_000
/** Single sub-merchants' bills stand between those of the whole account. */
const LOOKED_AT = 10

type LatestBills = ReadonlyMap<string, KeptReconciliation>

const NONE: LatestBills = new Map()

/** The latest day of each account that was held against its bill, or is to be; without those of which there is none. */
export function useLatestBills(accounts: readonly string[]): LatestBills {
  // The overview goes without them.
  const { value, reload } = useLoaded(accounts.join(), (signal) => read(accounts, signal))
  useEffect(() => {
    const timer = setInterval(reload, EVERY_MS)
    return () => clearInterval(timer)
  }, [reload])
  return value.value ?? NONE
}

async function read(accounts: readonly string[], signal: AbortSignal): Promise<LatestBills> {
  const pages = await Promise.all(
    accounts.map((account) =>
      get<Page<KeptReconciliation>>('/v1/reconciliations', { query: { account, limit: LOOKED_AT }, signal }),
    ),
  )
  const latest = pages.flatMap(({ data }) => data.find(({ sub_mchid }) => sub_mchid === null) ?? [])
  return new Map(latest.map((day) => [day.account, day]))
}
