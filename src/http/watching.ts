import { type Observer, together } from '../engine/observer.ts'
import type { Store } from '../store/store.ts'
import { Events, type EventsOptions } from './live/events.ts'
import { LastHour } from './live/last-hour.ts'
import { type Metrics, type MetricsSource, openMetrics } from './metrics.ts'

/** All that looks on while Verdict works: what Prometheus reads, what the dashboard shows, and who listens. */
export interface Watching {
  /** For `Verdict.open`. */
  readonly observer: Observer
  readonly metrics: Metrics
  readonly lastHour: LastHour
  readonly events: Events
}

export interface WatchingOptions extends Pick<MetricsSource, 'statistics' | 'accounts' | 'bills' | 'clock'> {
  readonly store: Store
  readonly events?: EventsOptions
}

export function openWatching({ store, events, ...source }: WatchingOptions): Watching {
  const metrics = openMetrics({
    ...source,
    attention: () => store.countAttention(),
    oldestDue: () => store.oldestDue(),
    deliveries: () => store.countDeliveries(),
  })
  const lastHour = new LastHour(source.clock)
  const live = new Events(events)
  return {
    observer: together(metrics.observer, lastHour.observer, live.observer),
    ...{ metrics, lastHour, events: live },
  }
}
