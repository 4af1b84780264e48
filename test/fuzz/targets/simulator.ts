import type { SimulatorCore, WireAnswer, WireRequest } from '../../../src/simulator/index.ts'
import type { Chance } from '../chance.ts'
import { jsonValue, put, text } from '../hostile.ts'
import { bentJson, bentText } from '../mutate.ts'
import { stringified } from '../paid.ts'
import { type Believes, describedAnswer, openSimulator, SteppedClock, signedRequest } from '../simulated.ts'
import { must, type Target } from '../target.ts'
import { callFor, nestedDeep, unsigned } from '../wire-calls.ts'

/** The simulated WeChat Pay as foreign clients meet it: it answers every request, and believes none that is not signed. */
export function simulatorTarget({ believes }: { readonly believes?: Believes } = {}): Target {
  return {
    name: 'simulator',
    open: () => {
      const clock = new SteppedClock()
      let simulator = openSimulator(clock, believes)
      return {
        run: async (chance) => {
          if (chance.oneIn(8)) clock.step(chance.pick([1, 1_000, 15_000, 60_000, 300_000]))
          try {
            return await run(chance, simulator, clock.nowMs())
          } catch (error) {
            // Its ledger may be closed: the next case gets another one.
            simulator.close()
            simulator = openSimulator(clock, believes)
            throw error
          }
        },
        close: () => simulator.close(),
      }
    },
  }
}

async function run(chance: Chance, simulator: SimulatorCore, nowMs: number): Promise<string> {
  const kind = chance.below(10)
  if (kind < 2) return control(chance, simulator)
  const mode = chance.pick(['common', 'institutional'] as const)
  const request = signedRequest(mode, callFor(chance, mode), nowMs)
  if (kind > 3) return `signed ${await answered(chance, simulator, request)}`
  const before = await truth(simulator)
  const answer = await answered(chance, simulator, unsigned(chance, request))
  must(answer === '401', `a request that is not signed is answered ${answer}`)
  must((await truth(simulator)) === before, 'a request that is not signed changed the truth')
  return `unsigned ${answer}`
}

async function answered(chance: Chance, simulator: SimulatorCore, request: WireRequest): Promise<string> {
  chance.input = request
  const answer: WireAnswer = await simulator.handle(request)
  if ('connection' in answer) return describedAnswer(answer)
  const { status, body, headers } = answer
  must(Number.isInteger(status) && status >= 200 && status < 500, `the answer is ${status}`)
  must(
    status === 204 ? body === '' : typeof JSON.parse(body) === 'object',
    () => `the body is ${body.slice(0, 200)}`,
  )
  // What is wrong may be repeated, and every character of it percent-encoded.
  const most = 200_000 + 12 * request.url.length + request.body.length
  must(body.length < most, `the answer has ${body.length} characters`)
  must(
    Object.values(headers).every((value) => !/[\r\n]/.test(value)),
    'a header of the answer has a line end',
  )
  return String(status)
}

// ---------------------------------------------------------------- the control API

const CONTROLS = [
  'health',
  'statistics',
  'orders',
  'orders/A1',
  'orders/A1/pay',
  'orders/A1/pay',
  'orders/A1/pay',
  'orders/A1/refuse',
  'orders/A1/refund',
  'refunds',
  'refunds/R1/mend',
  'callbacks',
  'callbacks/A1',
  'faults',
  'advance',
  'hosts',
  'scripts/A1',
  'orders/%zz',
  '../x',
  '__proto__',
] as const

async function control(chance: Chance, simulator: SimulatorCore): Promise<string> {
  const path = chance
    .pick(CONTROLS)
    .replace('A1', `A${chance.below(16)}`)
    .replace('R1', `R${chance.below(20)}`)
  const body: Record<string, unknown> = {}
  const known = chance.pick([{ ms: 1_000 }, { at: 'now' }, { amount: 1 }, { fault: 'forged' }, {}])
  for (const [name, value] of Object.entries(known))
    put(body, name, chance.oneIn(3) ? jsonValue(chance) : value)
  // Faults would answer 5xx by right.
  if (path !== 'faults' && chance.oneIn(6)) put(body, text(chance), jsonValue(chance))
  const json = chance.oneIn(60) ? nestedDeep(chance, stringified(body)) : stringified(body)
  const url = `/_sim/${chance.oneIn(8) ? bentText(chance, path) : path}${chance.oneIn(6) ? `?${text(chance)}` : ''}`
  const method = chance.oneIn(10) ? text(chance) : chance.pick(['GET', 'POST'])
  if (/faults|scripts/.test(url) && method === 'POST') return 'control left out'
  return `control ${await answered(chance, simulator, { method, url, headers: {}, body: chance.oneIn(10) ? bentJson(chance, json) : json })}`
}

async function truth(simulator: SimulatorCore): Promise<string> {
  const answer = await simulator.handle({ method: 'GET', url: '/_sim/orders', headers: {}, body: '' })
  return 'connection' in answer ? '' : answer.body
}
