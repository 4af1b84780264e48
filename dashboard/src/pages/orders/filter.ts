import type { Order, OrderState } from '../../api/types.ts'
import { amountIn } from '../../format.ts'

export const STATES: readonly OrderState[] = [
  ...(['placing', 'waiting', 'ending'] as const),
  ...(['SUCCESS', 'CLOSED', 'REVOKED', 'NOT_CREATED'] as const),
]

/** What the API has a filter for by the same name, beside the states. */
export const SHOWS = ['open', 'attention', 'overdue', 'stopped'] as const

/** What a person filters by, as it stands in the address: a link to a search can be sent to somebody. */
export interface Filter {
  /** `out_trade_no` or `transaction_id`. */
  readonly number: string
  /** One of `SHOWS`, or a state. */
  readonly show: string
  /** As it was written: "88.00", "500 JPY". */
  readonly amount: string
  readonly account: string
  readonly sub_mchid: string
  /** RFC 3339. */
  readonly from: string
  readonly to: string
}

export const FIELDS = ['number', 'show', 'amount', 'account', 'sub_mchid', 'from', 'to'] as const

export function filterIn(query: URLSearchParams): Filter {
  const fields = FIELDS.map((field) => [field, query.get(field)?.trim() ?? ''])
  return Object.fromEntries(fields) as unknown as Filter
}

export function isEmpty(filter: Filter): boolean {
  return FIELDS.every((field) => filter[field] === '')
}

/** The smallest units of "88.00" and "500 JPY"; where no currency is named, it has two digits as most do. */
export function totalIn(text: string): number | null {
  const [, before, number = '', after] =
    /^([A-Za-z]{3})?\s*([\d.]+)\s*([A-Za-z]{3})?$/.exec(text.trim()) ?? []
  const total = amountIn(number, (before ?? after ?? 'HKD').toUpperCase())
  return total === null || total === 0 ? null : total
}

export type ApiQuery = Readonly<Record<string, string | undefined>>

/** What the API is asked. A number can be of either sort, so that both are looked for. */
export function queriesOf({
  number,
  show,
  amount,
  account,
  sub_mchid,
  from,
  to,
}: Filter): readonly ApiQuery[] {
  const total = amount === '' ? null : totalIn(amount)
  const shared: ApiQuery = {
    account: account || undefined,
    sub_mchid: sub_mchid || undefined,
    total: total === null ? undefined : String(total),
    createdFrom: from || undefined,
    createdTo: to || undefined,
    ...shownBy(show),
  }
  if (number === '') return [shared]
  return [
    { ...shared, out_trade_no: number },
    { ...shared, transaction_id: number },
  ]
}

function shownBy(show: string): ApiQuery {
  if (SHOWS.some((one) => one === show)) return { [show]: 'true' }
  return STATES.some((state) => state === show) ? { state: show } : {}
}

/** Newest first, each once. */
export function merged(pages: readonly (readonly Order[])[]): readonly Order[] {
  const byId = new Map(pages.flat().map((order) => [order.id, order]))
  return [...byId.values()].toSorted((a, b) => Number(b.id.slice(4)) - Number(a.id.slice(4)))
}
