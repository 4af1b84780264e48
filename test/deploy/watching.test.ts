import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { CALLS, type Call } from '../../src/core/change.ts'
import type { FinalOrder } from '../../src/core/order.ts'
import { openMetrics } from '../../src/http/metrics.ts'
import { codesIn, rows, section, textOf } from '../docs/markdown.ts'

/* deploy/alerts.yaml and deploy/dashboard.json against the metrics that there are. */

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

interface Panel {
  readonly title: string
  readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>
  readonly targets: ReadonlyArray<{ readonly expr: string }>
}

const alerts = parse(textOf('deploy/alerts.yaml')) as { groups: Array<{ rules: Rule[] }> }
const rules = alerts.groups.flatMap((group) => group.rules)
const dashboard = JSON.parse(textOf('deploy/dashboard.json')) as { panels: Panel[] }
const expressions = [
  ...rules.map(({ alert, expr }) => [alert, expr] as const),
  ...dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
]

/** What Prometheus adds to each, and its exporter for probes. */
const OF_PROMETHEUS = new Map([
  ['up', new Set<string>()],
  ['probe_success', new Set<string>()],
])
const LABELS_OF_PROMETHEUS = ['job', 'instance']
const FUNCTIONS =
  /^(?:sum|min|max|by|rate|increase|histogram_quantile|absent|unless|le|and|or|on|ignoring|without)$/

const BUDGETS = Object.fromEntries(CALLS.map((call) => [call, { limit: 600, share: 1, waits: 0 }])) as Record<
  Call,
  { limit: number; share: number; waits: number }
>

/** Each series that is told, and the labels it bears, after one of everything has happened. */
async function series(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const { observer, text } = openMetrics({
    statistics: () => ({
      calls: { place: 1, query: 1, close: 1, reverse: 1, refund: 1, queryRefund: 1, queryRefunds: 1 },
      noAnswers: 1,
      verdicts: { SUCCESS: 1, CLOSED: 1, REVOKED: 1, NOT_CREATED: 1 },
      callbacks: { received: 1, applied: 1, repeated: 1, refused: 1, hints: 1 },
      deliveries: { sent: 1, missed: 1 },
    }),
    accounts: () => [{ account: 'a', answers: true, isSilent: false, budgets: BUDGETS }],
    attention: async () => 1,
    bills: async () => [{ account: 'a', missingMs: 1, differing: 1 }],
    oldestDue: async () => [{ account: 'a', dueAtMs: 0 }],
    deliveries: async () => ({ pending: 1, queued: 1, failed: 1 }),
    clock: { nowMs: () => 0 },
  })
  observer.called?.({ account: 'a', call: 'query', outcome: 'answer', tookMs: 1 })
  observer.contacted?.({ account: 'a', host: 'h', contact: 'reached', tookMs: 1 })
  observer.started?.({ account: 'a', lateMs: 1 })
  const verdict = { state: 'SUCCESS', atMs: 2, learntBy: 'query' }
  const order = { kind: 'native', createdAtMs: 1, verdict } as FinalOrder
  observer.settled?.({ order, way: 'query' })
  const found = new Map<string, Set<string>>()
  for (const [, name = '', labels = ''] of (await text()).matchAll(/^([a-z_]\w*)(?:\{(.*)\})? \S+$/gm)) {
    const known = found.get(name) ?? new Set<string>()
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) known.add(label)
    found.set(name, known)
  }
  return new Map([...found, ...OF_PROMETHEUS])
}

/** The series that an expression names, each with the labels that it is picked by. */
function named(expr: string): ReadonlyArray<readonly [name: string, labels: readonly string[]]> {
  const bare = expr.replaceAll(/\bby \([^)]*\)/g, '').replaceAll(/\[[^\]]*\]/g, '')
  const picked = [...bare.matchAll(/([a-z_]\w*)(?:\{([^}]*)\})?/g)]
  const outside = bare.replaceAll(/\{[^}]*\}/g, '')
  return picked.flatMap(([, name = '', labels = '']) => {
    if (FUNCTIONS.test(name) || !new RegExp(`\\b${name}\\b`).test(outside)) return []
    return [[name, [...labels.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)].map(([, label = '']) => label)]]
  })
}

function groupedBy(expr: string): readonly string[] {
  return [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(/,\s*/))
}

describe('what is watched is there', () => {
  it.each(expressions)('%s', async (_, expr) => {
    const known = await series()
    const used = named(expr)
    expect(used).not.toEqual([])
    expect(used.map(([name]) => name).filter((name) => !known.has(name))).toEqual([])
    const labelsOf = (name: string) => [...(known.get(name) ?? []), ...LABELS_OF_PROMETHEUS]
    for (const [name, labels] of used)
      expect(labels.filter((label) => !labelsOf(name).includes(label))).toEqual([])
    const anywhere = used.flatMap(([name]) => labelsOf(name))
    expect(groupedBy(expr).filter((label) => !anywhere.includes(label))).toEqual([])
  })

  it('twin: a series or a label that nobody tells is found', async () => {
    const known = await series()
    expect(named('sum by (le) (rate(verdict_call_second_bucket{account="a"}[5m])) > 1')).toEqual([
      ['verdict_call_second_bucket', ['account']],
    ])
    expect(known.has('verdict_call_second_bucket')).toBe(false)
    expect([...(known.get('verdict_call_seconds_bucket') ?? [])].toSorted()).toEqual(
      ['account', 'call', 'le', 'outcome'].toSorted(),
    )
  })
})

it('every metric of ours is on the dashboard', async () => {
  const shown = new Set(expressions.flatMap(([, expr]) => named(expr).map(([name]) => name)))
  const ours = [...(await series()).keys()].filter((name) => /^verdict_/.test(name) && !/_sum$/.test(name))
  const bases = [...new Set(ours.map((name) => name.replace(/_(?:bucket|count)$/, '')))]
  const isShown = (base: string) => [base, `${base}_bucket`, `${base}_count`].some((name) => shown.has(name))
  expect(bases.filter((base) => !isShown(base))).toEqual([])
})

describe('the runbook', () => {
  it('has every alert, with what it says and what to do', () => {
    const told = rows(section(textOf('docs/operations.md'), 'Alerts')).map(
      ([alert = '']) => codesIn(alert)[0],
    )
    expect(told).toEqual(rules.map(({ alert }) => alert))
  })

  it('has every metric of ours', async () => {
    const told = rows(section(textOf('docs/operations.md'), 'Metrics')).flatMap(([name = '']) =>
      codesIn(name),
    )
    const ours = [...(await series()).keys()].filter((name) => name.startsWith('verdict_'))
    const bases = ours.map((name) => name.replace(/_(?:bucket|count|sum)$/, ''))
    expect(told.toSorted()).toEqual([...new Set(bases)].toSorted())
  })
})

it('every alert has a severity and a summary', () => {
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length)
  for (const { alert, labels, annotations } of rules) {
    expect(['warning', 'critical'], alert).toContain(labels.severity)
    expect(annotations.summary, alert).toMatch(/\w/)
  }
})

it('no panel lies on another', () => {
  const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
  )
  expect(new Set(cells).size).toBe(cells.length)
  expect(dashboard.panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true)
})
