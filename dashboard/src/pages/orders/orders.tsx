import { useEffect } from 'preact/hooks'
import { get } from '../../api/client.ts'
import { listen } from '../../api/live.ts'
import type { Order, Page } from '../../api/types.ts'
import { calmly } from '../../parts/calmly.ts'
import { Failure } from '../../parts/failure.tsx'
import { useLoaded } from '../../parts/load.ts'
import { partsWords } from '../../parts/words.ts'
import { linkTo, place } from '../../router.ts'
import { filterIn, merged, queriesOf } from './filter.ts'
import { FilterForm } from './filter-form.tsx'
import { OrderTable } from './order-table.tsx'
import './orders.css'
import { ordersWords } from './words.ts'

const LIMIT = 50
/** New orders come into a list that somebody reads no more often than this. */
const CALM_MS = 2_000

export function Orders() {
  const words = ordersWords.value
  const { query } = place.value
  const filter = filterIn(query)
  const cursor = query.get('cursor') ?? undefined
  const { value, failure, reload } = useLoaded(query.toString(), (signal) => read(filter, cursor, signal))

  useEffect(() => {
    const anew = calmly(CALM_MS, reload)
    const stop = listen({
      reset: anew.soon,
      changed({ order }) {
        const page = value.value
        if (page?.data.some(({ id }) => id === order.id))
          value.value = { ...page, data: page.data.map((one) => (one.id === order.id ? order : one)) }
        else anew.soon()
      },
    })
    return () => {
      stop()
      anew.stop()
    }
  }, [reload, value])

  const page = value.value
  const given = Object.fromEntries(query)
  return (
    <>
      <h1>{words.title}</h1>
      <FilterForm key={query.toString()} filter={filter} />
      {failure.value !== null && <Failure of={failure.value} retry={reload} />}
      {page === undefined && failure.value === null && <p class="muted">{partsWords.value.loading}</p>}
      {page?.data.length === 0 && <p class="card">{words.none}</p>}
      {page !== undefined && page.data.length > 0 && <OrderTable orders={page.data} />}
      <p class="paging">
        {cursor !== undefined && (
          <a class="button" href={linkTo(['orders'], { ...given, cursor: undefined })}>
            {words.first}
          </a>
        )}
        {page?.next != null && (
          <a class="button" href={linkTo(['orders'], { ...given, cursor: page.next })}>
            {words.next}
          </a>
        )}
      </p>
    </>
  )
}

async function read(
  filter: ReturnType<typeof filterIn>,
  cursor: string | undefined,
  signal: AbortSignal,
): Promise<Page<Order>> {
  const queries = queriesOf(filter)
  const pages = await Promise.all(
    queries.map((query) =>
      get<Page<Order>>('/v1/orders', { query: { ...query, cursor, limit: LIMIT }, signal }),
    ),
  )
  const [only] = pages
  // Of a number there are few: no second page.
  return pages.length === 1 && only !== undefined
    ? only
    : { data: merged(pages.map(({ data }) => data)), next: null }
}
