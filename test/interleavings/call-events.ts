import type { Event } from './events.ts'
import { type Happened, leftBehind, only, type Role, replied, silent, withHeard } from './happening.ts'
import { pay, reach } from './truth.ts'
import {
  type Flight,
  hasEffect,
  isUsable,
  LEASE_MS,
  type Said,
  type Setting,
  TIMEOUT_MS,
  type World,
} from './world.ts'

/* What may become of a call that is under way: for the worker that holds the claim, and for one that lost it. */

export function callEvents(world: World, setting: Setting): readonly Event[] {
  const { flight, stray } = world
  return [
    ...(flight === null ? [] : [...outcomes(world, 'flight', flight, setting), ...ends(world, flight)]),
    ...(stray === null ? [] : outcomes(world, 'stray', stray, setting)),
  ]
}

function outcomes(world: World, role: Role, flight: Flight, setting: Setting): readonly Event[] {
  const { reply, call } = flight
  const name = (what: string): string => (role === 'stray' ? `stray ${what}` : what)
  const events: Event[] = []
  const later = role === 'flight' ? { ...world, nowMs: world.nowMs + TIMEOUT_MS } : world
  events.push({ name: name('no answer'), happen: () => silent(later, role, 'timeout', setting) })
  if (reply !== null) {
    // Verdict takes a reply that was signed so long ago for none.
    if (isUsable(reply.signedAtMs, world.nowMs))
      events.push({ name: name('reply'), happen: () => replied(world, role, reply, setting) })
    // It was learnt before the claim was lost, and is committed only now.
    if (role === 'stray')
      events.push({
        name: name('commit'),
        happen: () => replied(world, role, reply, setting, reply.signedAtMs),
      })
    return events
  }
  for (const [what, { truth, said }] of arrivals(world, flight)) {
    const then = { ...world, truth }
    events.push({ name: name(what), happen: () => replied(then, role, said, setting) })
    // The request has arrived, and its reply is under way.
    if (what === 'reply')
      events.push({
        name: name('reach'),
        happen: () => only({ ...then, [role]: { ...flight, reply: said } }),
      })
  }
  if (role === 'flight')
    events.push({ name: 'not sent', happen: () => silent(world, role, 'unreachable', setting) })
  if (call === 'reverse' && !setting.revokeRepliesComeAgain) return events
  for (const said of world.heard) {
    if (said.call !== call || said.refund?.no !== flight.refund?.no) continue
    const wire = leftBehind(world.wire, flight)
    events.push({
      name: name(`${said.word} of ${said.signedAtMs - world.order.createdAtMs} again`),
      happen: () => replied({ ...world, wire }, role, said, setting),
    })
  }
  return events
}

type Arrival = readonly [what: string, { readonly truth: World['truth']; readonly said: Said }]

/** What WeChat Pay may make of the request, should it arrive now. */
function arrivals({ truth, order, nowMs }: World, flight: Flight): readonly Arrival[] {
  // WeChat Pay refuses what was signed so long ago, and a refusal of a signature is no answer.
  if (!isUsable(flight.signedAtMs, nowMs)) return []
  const honest = reach(truth, flight, order, nowMs)
  const refused = (word: string): Said => ({
    ...{ call: flight.call, kind: 'refusal', word, refund: flight.refund, refunds: [], signedAtMs: nowMs },
  })
  const arrivals: Arrival[] = [['reply', honest]]
  if (!hasEffect(flight.call)) return arrivals
  switch (flight.call) {
    case 'place': {
      const isNew = truth.state === 'none'
      // Guide 6.3: in rare cases a failure is reported although the order was created.
      arrivals.push(['trouble', { truth: honest.truth, said: refused('SYSTEM_ERROR') }])
      if (isNew) arrivals.push(['declined', { truth, said: refused('AUTHCODEEXPIRE') }])
      if (isNew && order.kind === 'quick_pay') {
        const paid = pay(honest.truth)
        arrivals.push(['paid at once', { truth: paid, said: { ...honest.said, word: 'SUCCESS' } }])
      }
      break
    }
    case 'reverse':
      arrivals.push([
        'refused',
        { truth, said: refused(truth.state === 'open' ? 'USERPAYING' : 'SYSTEM_ERROR') },
      ])
      break
    case 'close':
      arrivals.push(['refused', { truth, said: refused('SYSTEM_ERROR') }])
      break
    case 'refund':
      arrivals.push(['trouble', { truth: honest.truth, said: refused('SYSTEM_ERROR') }])
      arrivals.push(['refused', { truth, said: refused('NOT_ENOUGH') }])
  }
  return arrivals
}

/** The worker dies, or stops for so long that another takes its order. */
function ends(world: World, flight: Flight): readonly Event[] {
  const nowMs = world.nowMs + LEASE_MS
  const crash = (): Happened => {
    const wire = leftBehind(world.wire, flight)
    return only(withHeard({ ...world, nowMs, flight: null, wire }, flight.reply))
  }
  const events: Event[] = [{ name: 'crash', happen: crash }]
  if (world.stray === null)
    events.push({
      name: 'usurp',
      happen: () => only({ ...world, nowMs, flight: null, stray: flight }),
    })
  return events
}
