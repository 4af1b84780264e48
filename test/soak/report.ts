import { quantile } from '../../src/cli/demo/summary.ts'
import { type Growth, type Judgement, socketsIn } from './judge.ts'
import type { Sample } from './sample.ts'
import { medianOf } from './slope.ts'
import type { Soaked, SoakOptions } from './soak.ts'

/** One line for people, every minute. */
export function progressLine(sample: Sample): string {
  const { atMs, phase, heapUsedBytes, externalBytes, rssBytes, resources, entered, openOrders } = sample
  const { statistics, walBytes, loopDelayP99Ms, cpuMs } = sample
  const { calls, noAnswers, callbacks, deliveries } = statistics
  return [
    `${Math.round(atMs / 60_000)} min (${phase})`,
    `heap ${mb(heapUsedBytes)}, external ${mb(externalBytes)}, resident ${mb(rssBytes)}`,
    `${resources.Timeout ?? 0} timers, ${socketsIn(sample)} sockets, log ${mb(walBytes)}`,
    `${entered} orders, ${openOrders} open`,
    `${calls.query} queries, ${noAnswers} without an answer, ${callbacks.received} callbacks, ${deliveries.sent} messages`,
    `loop p99 ${loopDelayP99Ms.toFixed(0)} ms, CPU ${((cpuMs / atMs) * 100).toFixed(0)} % of a core`,
  ].join('; ')
}

/** All figures of a run, as `--json` prints them. */
export function resultOf(soaked: Soaked, judgement: Judgement, options: SoakOptions): object {
  const { samples, closed, exitedAfterMs, compared, webhooksTaken, notices, troubles } = soaked
  const load = samples.filter(({ phase }) => phase === 'load')
  const last = samples.at(-1)
  const { wrong, ...figures } = judgement
  return {
    minutes: options.minutes,
    loadedMs: load.at(-1)?.atMs ?? 0,
    ordersPerSecond: options.ordersPerSecond,
    seed: options.seed,
    leak: options.leak,
    samples: load.length,
    ...figures,
    heapBytes: rounded(figures.heapBytes),
    rssBytes: rounded(figures.rssBytes),
    loopDelayP99Ms: {
      median: Math.round(medianOf(load.map((sample) => sample.loopDelayP99Ms))),
      p99: Math.round(
        quantile(
          load.map((sample) => sample.loopDelayP99Ms),
          0.99,
        ),
      ),
    },
    cpuShareOfACore: Number(((last?.cpuMs ?? 0) / (last?.atMs || 1)).toFixed(3)),
    ...compared,
    wrongOrders: compared?.wrong.length ?? null,
    statistics: last?.statistics ?? null,
    webhooksTaken,
    notices,
    troubles: troubles.length,
    closed: closed && { before: closed.before, after: closed.after },
    exitedAfterMs,
    // `compared` has a `wrong` of its own, which is a part of this.
    wrong,
    node: process.version,
  }
}

/** For people, on standard output. */
export function resultText({ compared, exitedAfterMs }: Soaked, judgement: Judgement): string {
  const { heapBytes, rssBytes, timers, sockets, descriptors, walBytes, judgedMs, finishedWhileJudged } =
    judgement
  const lines = [
    `judged: ${(judgedMs / 60_000).toFixed(1)} min, in which ${finishedWhileJudged} orders ended`,
    `heap and external: ${growthText(heapBytes)}`,
    `resident: ${growthText(rssBytes)}`,
    ...Object.entries({ timers, sockets, descriptors }).map(
      ([name, { plateau, lastTenth }]) => `${name}: ${plateau} after the warm-up, ${lastTenth} at the end`,
    ),
    `the store's log: ${mb(walBytes.plateau)} after the warm-up, ${mb(walBytes.lastTenth)} at the end`,
    `exit: ${exitedAfterMs === null ? 'killed' : `${exitedAfterMs} ms after the close`}`,
  ]
  if (compared !== null) {
    const { orders, verdicts, open, forPeople, money, ordersWithFault } = compared
    const ended = Object.entries(verdicts).map(([state, count]) => `${state} ${count}`)
    lines.push(
      `orders: ${orders}, ${ordersWithFault} of them met a fault; ${ended.join(', ')}, open ${open}, ${forPeople} of them for a person`,
      `money: ${money.expected} expected, ${money.actual} there`,
    )
  }
  return lines.join('\n')
}

function growthText({ level, slopePerHour, perFinishedOrder }: Growth): string {
  if (slopePerHour === null || perFinishedOrder === null) return `${mb(level)}; too short to tell more`
  const { perX, low, high } = slopePerHour
  const each = [perFinishedOrder.low, perFinishedOrder.high].map((bytes) => Math.round(bytes))
  return `${mb(level)}, ${mb(perX)} an hour (99 %: ${mb(low)} to ${mb(high)}), ${each.join(' to ')} bytes for an order that ended`
}

function rounded({ level, slopePerHour, perFinishedOrder }: Growth): object {
  const whole = (slope: Growth['slopePerHour']): object | null =>
    slope && Object.fromEntries(Object.entries(slope).map(([name, value]) => [name, Math.round(value)]))
  return {
    level: Math.round(level),
    perHour: whole(slopePerHour),
    perFinishedOrder: whole(perFinishedOrder),
  }
}

function mb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
