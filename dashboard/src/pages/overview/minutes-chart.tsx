import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import type { Overview } from '../../api/types.ts'
import { useWidth } from '../../parts/width.ts'
import { shownTheme } from '../../theme.ts'
import { language } from '../../words/language.ts'
import { overviewWords } from './words.ts'

type Minutes = Overview['minutes']
type FinalState = keyof Minutes[number]['verdicts']

/** From the bottom of a bar to its top. */
const STACK: readonly FinalState[] = ['SUCCESS', 'CLOSED', 'REVOKED', 'NOT_CREATED']
const COLOURS: Readonly<Record<FinalState, string>> = {
  SUCCESS: '--good',
  CLOSED: '--over',
  REVOKED: '--warn',
  NOT_CREATED: '--line-strong',
}
const HEIGHT = 190

export function MinutesChart({ minutes }: { readonly minutes: Minutes }) {
  const words = overviewWords.value
  const [box, width] = useWidth<HTMLDivElement>()
  const plot = useRef<uPlot | null>(null)
  const data = stacked(minutes)
  const colours = shownTheme.value
  const locale = language.value
  // A canvas knows no custom properties: in other colours it is drawn anew.
  useEffect(() => {
    if (box.current === null || width === 0) return
    const made = new uPlot(optionsFor(width, locale), data, box.current)
    plot.current = made
    return () => {
      made.destroy()
      plot.current = null
    }
  }, [width, colours, locale])
  useEffect(() => plot.current?.setData(data), [data])
  const total = (state: FinalState): number => minutes.reduce((sum, { verdicts }) => sum + verdicts[state], 0)
  const all = STACK.reduce((sum, state) => sum + total(state), 0)
  return (
    <>
      <div ref={box} class="minutes" role="img" aria-label={words.chart(all)} />
      <ul class="legend small muted">
        {STACK.map((state) => (
          <li key={state} class={`verdicts-${state}`}>
            {state} <span class="number">{total(state)}</span>
          </li>
        ))}
      </ul>
    </>
  )
}

/** The tallest first: each next one is drawn over the one before, and what shows of that is its own part. */
function stacked(minutes: Minutes): uPlot.AlignedData {
  const at = minutes.map((minute) => Date.parse(minute.at) / 1_000)
  const sums = STACK.map((_, top) =>
    minutes.map(({ verdicts }) => STACK.slice(0, top + 1).reduce((sum, state) => sum + verdicts[state], 0)),
  )
  return [at, ...sums.toReversed()]
}

function optionsFor(width: number, locale: string): uPlot.Options {
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string): string => style.getPropertyValue(name).trim()
  const bars = uPlot.paths.bars?.({ size: [0.8, 40], align: 1 })
  const axis = {
    stroke: colour('--ink-soft'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
  }
  const clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 8, 0, 0],
    scales: { y: { range: (_, __, max) => [0, Math.max(4, max * 1.1)] } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 30,
        values: (_, seconds) => seconds.map((one) => clock.format(one * 1_000)),
      },
      { ...axis, size: 40, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000] },
    ],
    series: [
      {},
      ...STACK.toReversed().map((state) => ({
        label: state,
        fill: colour(COLOURS[state]),
        width: 0,
        points: { show: false },
        ...(bars !== undefined && { paths: bars }),
      })),
    ],
  }
}
