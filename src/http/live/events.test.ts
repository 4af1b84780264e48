import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import { paid, T0 } from '../../core/testing.ts'
import type { EventStream } from './event-stream.ts'
import { Events, type EventsOptions, type Listening } from './events.ts'

const JOURNAL = [{ atMs: T0, event: 'answer', call: 'query', said: 'SUCCESS' }] as const

function scene(options: EventsOptions = {}) {
  const clock = new VirtualClock(T0)
  const events = new Events({ clock, ...options })
  const change = (id: number, account = '1900000001'): void =>
    events.observer.changed?.({ order: { ...paid(), id, account }, journal: JOURNAL })
  const listen = (more: Partial<Listening> = {}) =>
    events.listen({ account: null, lastId: null, stillMay: async () => true, ...more })
  return { clock, events, change, listen }
}

interface Heard {
  readonly text: string
  /** `order 3` or `reset`. */
  readonly words: readonly string[]
  readonly lastId: string
}

/** All that has come of a stream that is read as fast as it goes. */
function hear(stream: EventStream): () => Promise<Heard> {
  let text = ''
  stream.on('data', (bytes) => {
    text += bytes
  })
  return async () => {
    await setImmediate()
    const blocks = text.split('\n\n').filter((block) => block.includes('event: '))
    const words = blocks.map((block) => {
      const [, event, data = ''] = /event: (\w+)\n(?:id: .*\n)?data: (.*)/.exec(block) ?? []
      return event === 'order' ? `order ${JSON.parse(data).order.id.slice(4)}` : String(event)
    })
    return { text, words, lastId: [...text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? '' }
  }
}

describe('whoever listens', () => {
  it('is told of each change with the order as it is and what its journal got, and nothing from before', async () => {
    const { clock, change, listen } = scene()
    change(1)
    const heard = hear(listen())
    change(2)
    change(3)
    await clock.advance(1_000)
    const { text, words } = await heard()
    expect(text).toMatch(/^retry: 2000\n\n/)
    expect(words).toEqual(['order 2', 'order 3'])
    const data = JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? '')
    expect(data).toMatchObject({
      order: { id: 'ord_2', state: 'SUCCESS' },
      journal: [{ at: new Date(T0).toISOString(), event: 'answer', call: 'query', said: 'SUCCESS' }],
    })
  })

  it('hears of one account only, if he asks for it', async () => {
    const { clock, change, listen } = scene()
    const heard = hear(listen({ account: '1900000002' }))
    change(1)
    change(2, '1900000002')
    await clock.advance(1_000)
    expect((await heard()).words).toEqual(['order 2'])
  })

  it('goes on where he stood, also when all since was about other accounts', async () => {
    const { clock, change, listen } = scene({ keptMax: 5 })
    const first = listen({ account: '1900000002' })
    const heard = hear(first)
    for (let id = 1; id <= 20; id += 1) {
      change(id)
      await clock.advance(200)
    }
    await clock.advance(15_000)
    const { lastId, words } = await heard()
    first.destroy()
    expect(words).toEqual([])
    change(21, '1900000002')
    const again = hear(listen({ account: '1900000002', lastId }))
    expect((await again()).words).toEqual(['order 21'])
  })

  it('is told to read anew when what he missed is gone, or nobody here knows where he stood', async () => {
    const { change, listen, clock } = scene({ keptMax: 5 })
    const first = listen()
    const heard = hear(first)
    change(1)
    await clock.advance(1_000)
    const { lastId } = await heard()
    first.destroy()
    for (let id = 2; id <= 6; id += 1) change(id)
    expect((await hear(listen({ lastId }))()).words).toEqual([2, 3, 4, 5, 6].map((id) => `order ${id}`))
    change(7)
    const [boot] = lastId.split('-')
    for (const id of [lastId, `${boot}-99`, `${'0'.repeat(12)}-6`, 'nonsense', ''])
      expect((await hear(listen({ lastId: id }))()).words, id).toEqual(['reset'])
  })

  it('is told to read anew when more happens at once than anybody looks at, and goes on from there', async () => {
    const { clock, change, listen } = scene()
    const heard = hear(listen())
    for (let id = 1; id <= 501; id += 1) change(id)
    await clock.advance(1_000)
    change(502)
    await clock.advance(1_000)
    expect((await heard()).words).toEqual(['reset', 'order 502'])
  })

  it('is told to read anew when another process has changed something, at most every two seconds', async () => {
    const { clock, events, listen } = scene()
    const heard = hear(listen())
    for (let n = 0; n < 100; n += 1) {
      events.observer.changedElsewhere?.()
      await clock.advance(50)
    }
    expect((await heard()).words).toEqual(['reset', 'reset'])
  })

  it('hears every fifteen seconds that somebody is there', async () => {
    const { clock, listen } = scene()
    const heard = hear(listen())
    await clock.advance(45_000)
    expect((await heard()).text.match(/^: alive$/gm)).toHaveLength(3)
  })
})

describe('a stream ends', () => {
  it('when its reader takes nothing any more; until then no more than a buffer is kept for him', async () => {
    const { clock, change, listen } = scene()
    const stream = listen()
    for (let turn = 0; turn < 20; turn += 1) {
      for (let id = 1; id <= 100; id += 1) change(id)
      await clock.advance(200)
    }
    expect(stream.readableLength).toBeLessThan(70_000)
    expect(stream.destroyed).toBe(false)
    await clock.advance(46_000)
    expect(stream.destroyed).toBe(true)
  })

  it('but not when its reader is only slow: he is told what he missed', async () => {
    const { clock, change, listen } = scene()
    const stream = listen()
    for (let turn = 0; turn < 20; turn += 1) {
      for (let id = 1; id <= 100; id += 1) change(id)
      await clock.advance(200)
    }
    const heard = hear(stream)
    await heard()
    await clock.advance(1_000)
    change(7)
    await clock.advance(1_000)
    const { words } = await heard()
    expect(words.slice(-2)).toEqual(['reset', 'order 7'])
    await clock.advance(120_000)
    expect(stream.destroyed).toBe(false)
  })

  it('when its listener may no longer', async () => {
    const { clock, listen } = scene()
    let may = true
    const stream = listen({ stillMay: async () => may })
    hear(stream)
    await clock.advance(15_000)
    await setImmediate()
    expect(stream.readableEnded).toBe(false)
    may = false
    await clock.advance(15_000)
    await setImmediate()
    expect(stream.readableEnded).toBe(true)
  })

  it('with all others when the service ends, and nothing is to come then', async () => {
    const { clock, events, change, listen } = scene()
    const streams = [listen(), listen()]
    for (const stream of streams) hear(stream)
    change(1)
    events.end()
    await setImmediate()
    expect(streams.every(({ readableEnded }) => readableEnded)).toBe(true)
    await clock.advance(60_000)
    expect(() => listen()).toThrow(expect.objectContaining({ code: 'TOO_MANY_REQUESTS' }))
  })

  it('and makes room: there are never more than the limit', () => {
    const { listen } = scene({ streamsMax: 2 })
    const [first] = [listen(), listen()]
    expect(() => listen()).toThrow(expect.objectContaining({ code: 'TOO_MANY_REQUESTS' }))
    first?.destroy()
    return new Promise<void>((resolve) =>
      first?.once('close', () => {
        expect(() => listen()).not.toThrow()
        resolve()
      }),
    )
  })
})
