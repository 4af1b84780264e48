import { expect, it, vi } from 'vitest'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { type Handler, type HandlerOptions, handlerTarget } from './handler.ts'
import type { Delivered } from './target.ts'
import { message } from './testing.ts'

function open(handler: Handler, more: Partial<HandlerOptions> = {}) {
  const clock = new VirtualClock()
  return {
    clock,
    target: handlerTarget({ name: 'books', handlers: { 'order.verdict': handler }, ...more }, { clock }),
  }
}

const whyOf = (delivered: Delivered): string => (delivered.ok ? 'delivered' : delivered.why)

it('a handler gets the data and the whole message', async () => {
  const handler = vi.fn()
  const { target, clock } = open(handler)
  expect(await target.deliver(message())).toEqual({ ok: true })
  expect(handler.mock.calls).toEqual([[JSON.parse(message().payload).data, message()]])
  expect(clock.timers).toBe(0)
})

it('a target wants what it has a handler for, and nothing else', async () => {
  const { target } = open(() => {})
  expect(target.name).toBe('books')
  expect([target.wants('order.verdict'), target.wants('order.refund')]).toEqual([true, false])
  expect(whyOf(await target.deliver(message({ type: 'order.refund' })))).toBe('no handler for order.refund')
})

it.each<[string, Handler, string]>([
  ['returns', () => false, 'delivered'],
  ['resolves', async () => 'whatever', 'delivered'],
  [
    'throws',
    () => {
      throw new Error('the book is closed')
    },
    'the book is closed',
  ],
  [
    'rejects',
    async () => {
      throw new Error('the book is closed')
    },
    'the book is closed',
  ],
  [
    'throws at length',
    () => {
      throw new Error('x'.repeat(500))
    },
    `${'x'.repeat(199)}…`,
  ],
  [
    'throws an error without a message',
    () => {
      throw new TypeError()
    },
    'TypeError',
  ],
  [
    'throws a text',
    () => {
      throw 'no'
    },
    'no',
  ],
  [
    'throws nothing',
    () => {
      throw undefined
    },
    'undefined',
  ],
  [
    'throws what has no text',
    () => {
      throw Object.create(null)
    },
    'the handler threw something without a text',
  ],
  [
    'throws a message that is none',
    () => {
      throw Object.assign(new Error(), { message: 7 })
    },
    '7',
  ],
])('a handler that %s', async (_, handler, outcome) => {
  expect(whyOf(await open(handler).target.deliver(message()))).toBe(outcome)
})

it('a payload that is no JSON is not delivered, and nobody is called', async () => {
  const handler = vi.fn()
  expect(await open(handler).target.deliver(message({ payload: '{' }))).toMatchObject({ ok: false })
  expect(handler).not.toHaveBeenCalled()
})

/** A handler that ends when it is told. */
function slow() {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  return { handler: () => promise, resolve, reject }
}

it('a handler that ends in the last moment has the message', async () => {
  const { handler, resolve } = slow()
  const { target, clock } = open(handler)
  const delivered = target.deliver(message())
  await clock.advance(59_999)
  resolve()
  expect(await delivered).toEqual({ ok: true })
})

it.each([
  [{}, 60_000],
  [{ timeoutMs: 100 }, 100],
])('one that has %j and takes longer has not, and may still fail later', async (more, limitMs) => {
  const { handler, reject } = slow()
  const { target, clock } = open(handler, more)
  const delivered = target.deliver(message())
  await clock.advance(limitMs)
  expect(whyOf(await delivered)).toBe(`not done within ${limitMs} ms`)
  reject(new Error('too late'))
  await clock.advance(1)
  expect(clock.timers).toBe(0)
})

it('ending lets go of what is under way, and nothing is delivered afterwards', async () => {
  const handler = vi.fn(slow().handler)
  const { target, clock } = open(handler)
  const underWay = Array.from({ length: 20 }, () => target.deliver(message()))
  await target.end()
  expect((await Promise.all(underWay)).map(whyOf)).toEqual(underWay.map(() => 'closed'))
  expect(whyOf(await target.deliver(message()))).toBe('closed')
  expect([handler.mock.calls.length, clock.timers]).toEqual([20, 0])
})

const fine: HandlerOptions = { name: 'books', handlers: { 'order.refund': () => {} } }

it.each([
  ['no name', { name: undefined }, 'the name of a target is missing'],
  ['no handlers', { handlers: undefined }, 'handlers is empty'],
  ['an empty list of handlers', { handlers: { 'order.verdict': undefined } }, 'handlers is empty'],
  ['an unknown event', { handlers: { 'order.verdct': () => {} } }, 'the handler "order.verdct" is unknown'],
  [
    'a handler that is none',
    { handlers: { 'order.verdict': 'x' } },
    'the handler "order.verdict" is no function',
  ],
  ['too short a limit', { timeoutMs: 99 }, 'timeoutMs is 99'],
  ['too long a limit', { timeoutMs: 600_001 }, 'timeoutMs is 600001'],
])('%s is refused, and the same options without it are not', (_, wrong, start) => {
  const clock = new VirtualClock()
  const open = (options: object) => () => handlerTarget(options as HandlerOptions, { clock })
  expect(open({ ...fine, ...wrong })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
  expect(open({ ...fine, ...wrong })).toThrow(start)
  expect(open(fine)).not.toThrow()
})
