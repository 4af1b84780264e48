import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { placing, tracked } from '../core/testing.ts'
import { Agenda, type Entry } from './agenda.ts'

const T0 = Date.UTC(2026, 5, 8, 10, 0, 0)

let ids = 0

function entry(kind: 'quick_pay' | 'native', atMs: number): Entry {
  ids += 1
  const order = kind === 'quick_pay' ? placing(kind, { id: ids }) : tracked(kind, { id: ids })
  return { order: { ...order, dueAtMs: atMs }, atMs, claimedUntilMs: atMs + 60_000 }
}

function agendaOf(entries: readonly Entry[], nowMs = T0): Agenda {
  const agenda = new Agenda()
  for (const one of entries) agenda.add(one, nowMs)
  return agenda
}

function takeAll(agenda: Agenda, nowMs: number): readonly Entry[] {
  const taken: Entry[] = []
  for (let one = agenda.takeDue(nowMs); one !== null; one = agenda.takeDue(nowMs)) taken.push(one)
  return taken
}

const MOMENTS = fc.array(fc.integer({ min: 0, max: 1_000 }), { maxLength: 100 })

describe('the moments', () => {
  it('entries come in the order of their moments, whatever the order they went in', () => {
    fc.assert(
      fc.property(MOMENTS, (moments) => {
        const agenda = agendaOf(moments.map((ms) => entry('native', T0 + ms)))
        const taken = takeAll(agenda, T0 + 1_000).map(({ atMs }) => atMs - T0)
        expect(taken).toEqual(moments.toSorted((a, b) => a - b))
      }),
    )
  })

  it('taking some out and adding others in between keeps the order', () => {
    const steps = fc.array(fc.oneof(fc.integer({ min: 0, max: 100 }), fc.constant(null)), { maxLength: 200 })
    fc.assert(
      fc.property(steps, (moments) => {
        const agenda = new Agenda()
        const model: number[] = []
        for (const ms of moments) {
          if (ms !== null) {
            agenda.add(entry('native', T0 + ms), T0)
            model.push(T0 + ms)
          } else {
            model.sort((a, b) => a - b)
            expect(agenda.takeDue(T0 + 100)?.atMs ?? null).toBe(model.shift() ?? null)
          }
          expect(agenda.nextAtMs).toBe(Math.min(...model))
          expect(agenda.others + agenda.till).toBe(model.length)
        }
      }),
    )
  })

  it('nothing comes before its moment', () => {
    const agenda = agendaOf([entry('native', T0 + 10), entry('quick_pay', T0 + 20)])
    expect(agenda.takeDue(T0 + 9)).toBeNull()
    expect(agenda.nextAtMs).toBe(T0 + 10)
    expect(agenda.takeDue(T0 + 10)?.atMs).toBe(T0 + 10)
    expect(agenda.takeDue(T0 + 10)).toBeNull()
  })

  it('empty: the next moment is never', () => {
    expect(new Agenda().nextAtMs).toBe(Number.POSITIVE_INFINITY)
    expect(new Agenda().takeDue(T0)).toBeNull()
  })
})

describe('the till', () => {
  const kinds = (taken: readonly Entry[]): string =>
    taken.map(({ order }) => (order.kind === 'quick_pay' ? 'T' : 'o')).join('')

  it('comes first, however long the others have been due', () => {
    const others = Array.from({ length: 4 }, (_, i) => entry('native', T0 - 1_000_000 + i))
    const agenda = agendaOf([...others, entry('quick_pay', T0), entry('quick_pay', T0)])
    expect(kinds(takeAll(agenda, T0)).slice(0, 2)).toBe('TT')
  })

  it('leaves every fifth place to the others while both are waiting', () => {
    const crowd = Array.from({ length: 20 }, () => entry('quick_pay', T0))
    const others = Array.from({ length: 20 }, () => entry('native', T0))
    const taken = kinds(takeAll(agendaOf([...crowd, ...others]), T0))
    expect(taken.slice(0, 20)).toBe('TTTToTTTToTTTToTTTTo')
    expect(taken.slice(25)).toBe('o'.repeat(15))
  })

  it('is left by an order that was due a minute ago: it waits in line with the others', () => {
    const gone = entry('quick_pay', T0 - 60_000)
    const living = entry('quick_pay', T0 - 59_999)
    const agenda = agendaOf([gone, living])
    expect([agenda.till, agenda.others]).toEqual([1, 1])
    expect(agenda.takeDue(T0)).toBe(living)
  })
})

describe('an order', () => {
  const again = (earlier: Entry, atMs: number, kind?: 'native'): Entry => ({
    ...earlier,
    order: { ...earlier.order, ...(kind && { kind }), dueAtMs: atMs },
    atMs,
  })

  it('stands in it once: a newer entry takes the place of the earlier one, at its own moment', () => {
    const [first, other] = [entry('native', T0), entry('native', T0 + 1)]
    const agenda = agendaOf([first, other])
    const later = again(first, T0 + 2)
    agenda.add(later, T0)
    expect([agenda.others, agenda.nextAtMs]).toEqual([2, T0 + 1])
    expect(takeAll(agenda, T0 + 9)).toEqual([other, later])
    agenda.add(later, T0)
    const sooner = again(first, T0 - 5)
    agenda.add(sooner, T0)
    expect(takeAll(agenda, T0 + 9)).toEqual([sooner])
  })

  it('that left the till stands among the others alone', () => {
    const till = entry('quick_pay', T0)
    const agenda = agendaOf([till])
    const gone = again(till, T0 + 1, 'native')
    agenda.add(gone, T0)
    expect([agenda.till, agenda.others]).toEqual([0, 1])
    expect(agenda.take(till.order.id)).toBe(gone)
    expect([agenda.has(till.order.id), agenda.nextAtMs]).toEqual([false, Number.POSITIVE_INFINITY])
  })

  it('may come and go in any way: the agenda gives what a list of all would', () => {
    const act = fc.tuple(fc.nat(9), fc.nat(50), fc.constantFrom('add', 'take', 'due'))
    fc.assert(
      fc.property(fc.array(act, { maxLength: 200 }), (acts) => {
        const agenda = new Agenda()
        const model = new Map<number, Entry>()
        for (const [id, ms, does] of acts) {
          const earliest = [...model.values()].toSorted((a, b) => a.atMs - b.atMs)[0]
          if (does === 'add') {
            const one = again(entry('native', T0), T0 + ms)
            const numbered = { ...one, order: { ...one.order, id } }
            agenda.add(numbered, T0)
            model.set(id, numbered)
          } else if (does === 'take') {
            expect(agenda.take(id)).toBe(model.get(id) ?? null)
            model.delete(id)
          } else {
            const taken = agenda.takeDue(T0 + ms)
            const isDue = earliest !== undefined && earliest.atMs <= T0 + ms
            expect(taken?.atMs).toBe(isDue ? earliest.atMs : undefined)
            if (taken !== null) expect(model.get(taken.order.id)).toBe(taken)
            if (taken !== null) model.delete(taken.order.id)
          }
          expect([agenda.others, agenda.has(id)]).toEqual([model.size, model.has(id)])
        }
        expect(new Set(agenda.clear())).toEqual(new Set(model.values()))
      }),
    )
  })
})

describe('a line for the budget of a call', () => {
  it('takes no room from the others, and gives its orders at their moments like all', () => {
    const [waiting, other, close] = [entry('native', T0), entry('native', T0 + 1), entry('native', T0)]
    const agenda = agendaOf([other])
    agenda.standInLine({ ...waiting, atMs: T0 + 5 }, 'refund', T0)
    agenda.standInLine({ ...close, atMs: T0 + 6 }, 'close', T0)
    expect([agenda.others, agenda.lineFor('refund'), agenda.lineFor('close')]).toEqual([1, 1, 1])
    expect([agenda.lineFor('place'), agenda.nextAtMs]).toEqual([0, T0 + 1])
    expect(takeAll(agenda, T0 + 5).map(({ order }) => order.id)).toEqual([other.order.id, waiting.order.id])
    expect([agenda.others, agenda.lineFor('refund'), agenda.lineFor('close')]).toEqual([0, 0, 1])
  })

  it('is left by an order that is taken out, wanted for something else, or cleared', () => {
    const entries = [entry('native', T0), entry('native', T0), entry('native', T0)]
    const agenda = new Agenda()
    for (const one of entries) agenda.standInLine(one, 'refund', T0)
    agenda.take(entries[0]?.order.id ?? 0)
    expect([agenda.others, agenda.lineFor('refund')]).toEqual([0, 2])
    agenda.add(entries[1] as Entry, T0)
    expect([agenda.others, agenda.lineFor('refund')]).toEqual([1, 1])
    expect(agenda.clear()).toHaveLength(2)
    expect([agenda.others, agenda.lineFor('refund')]).toEqual([0, 0])
  })

  it('is no place for a customer at the till', () => {
    const agenda = new Agenda()
    agenda.standInLine(entry('quick_pay', T0), 'reverse', T0)
    expect([agenda.till, agenda.others, agenda.lineFor('reverse')]).toEqual([1, 0, 0])
  })
})

describe('an order that is kept', () => {
  it('takes no room from the others, and comes at its moment like all', () => {
    const [kept, other, till] = [entry('native', T0), entry('native', T0 + 1), entry('quick_pay', T0 + 2)]
    const agenda = agendaOf([other])
    agenda.keep(kept, T0)
    agenda.keep(till, T0)
    expect([agenda.others, agenda.kept, agenda.till]).toEqual([1, 1, 1])
    expect(takeAll(agenda, T0 + 1)).toEqual([kept, other])
    expect([agenda.others, agenda.kept, agenda.till]).toEqual([0, 0, 1])
  })

  it('is kept no more when it is taken out, added anew, put in line, or cleared', () => {
    const entries = [entry('native', T0), entry('native', T0), entry('native', T0), entry('native', T0)]
    const agenda = new Agenda()
    for (const one of entries) agenda.keep(one, T0)
    expect([agenda.others, agenda.kept]).toEqual([0, 4])
    agenda.take(entries[0]?.order.id ?? 0)
    expect([agenda.others, agenda.kept]).toEqual([0, 3])
    agenda.add(entries[1] as Entry, T0)
    expect([agenda.others, agenda.kept]).toEqual([1, 2])
    agenda.standInLine(entries[2] as Entry, 'refund', T0)
    expect([agenda.others, agenda.kept, agenda.lineFor('refund')]).toEqual([1, 1, 1])
    agenda.keep(entries[2] as Entry, T0)
    expect([agenda.others, agenda.kept, agenda.lineFor('refund')]).toEqual([1, 2, 0])
    expect(agenda.clear()).toHaveLength(3)
    expect([agenda.others, agenda.kept]).toEqual([0, 0])
  })
})

describe('taking one order out', () => {
  it('gives its entry and leaves the others in order', () => {
    fc.assert(
      fc.property(MOMENTS, fc.nat(), (moments, index) => {
        const entries = moments.map((ms, i) => entry(i % 3 === 0 ? 'quick_pay' : 'native', T0 + ms))
        const agenda = agendaOf(entries)
        const wanted = entries[index % Math.max(1, entries.length)]
        const id = wanted?.order.id ?? -1
        expect(agenda.take(id)).toBe(wanted ?? null)
        expect(agenda.take(id)).toBeNull()
        expect(takeAll(agenda, T0 + 1_000)).toHaveLength(Math.max(0, entries.length - 1))
      }),
    )
  })

  it('takes nothing for a stranger', () => {
    expect(agendaOf([entry('native', T0)]).take(-1)).toBeNull()
  })
})

it('clearing gives back everything and leaves nothing', () => {
  const entries = [entry('native', T0), entry('quick_pay', T0), entry('native', T0 + 5)]
  const agenda = agendaOf(entries)
  expect(new Set(agenda.clear())).toEqual(new Set(entries))
  expect([agenda.till, agenda.others, agenda.nextAtMs]).toEqual([0, 0, Number.POSITIVE_INFINITY])
})
