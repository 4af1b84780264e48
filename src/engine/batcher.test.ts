import { beforeEach, describe, expect, it } from 'vitest'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { Batcher } from './batcher.ts'

let clock: VirtualClock
let writes: Array<{ readonly items: readonly string[]; readonly end: (error?: Error) => void }>
beforeEach(() => {
  clock = new VirtualClock()
  writes = []
})

/** Every write waits until the test ends it; the result of an item is its capital form. */
function held(options: { gatherMs?: number; sizeMax?: number } = {}): Batcher<string, string> {
  return new Batcher({
    clock,
    gatherMs: 20,
    sizeMax: 100,
    ...options,
    write: (items) =>
      new Promise((resolve, reject) => {
        const end = (error?: Error): void =>
          error ? reject(error) : resolve(items.map((item) => item.toUpperCase()))
        writes.push({ items, end })
      }),
  })
}

const batches = (): readonly (readonly string[])[] => writes.map(({ items }) => items)

/** What became of a promise by now: undefined while it is open. */
function watched(promise: Promise<string>): { now: string | undefined } {
  const seen: { now: string | undefined } = { now: undefined }
  promise.then(
    (value) => {
      seen.now = value
    },
    (error: Error) => {
      seen.now = `failed: ${error.message}`
    },
  )
  return seen
}

describe('gathering', () => {
  it('items that come within the gathering time are written together, and each gets its own result', async () => {
    const batcher = held()
    const a = watched(batcher.add('a'))
    await clock.advance(19)
    const b = watched(batcher.add('b'))
    expect(batches()).toEqual([])
    await clock.advance(1)
    expect(batches()).toEqual([['a', 'b']])
    expect([a.now, b.now]).toEqual([undefined, undefined])
    writes[0]?.end()
    await clock.advance(0)
    expect([a.now, b.now]).toEqual(['A', 'B'])
    expect(clock.timers).toBe(0)
  })

  it('twin: an item after the gathering time goes into the next write', async () => {
    const batcher = held()
    void batcher.add('a')
    await clock.advance(20)
    writes[0]?.end()
    await clock.advance(1)
    void batcher.add('b')
    await clock.advance(20)
    expect(batches()).toEqual([['a'], ['b']])
  })

  it('somebody who stands still shortens the wait for all', async () => {
    const batcher = held()
    void batcher.add('a')
    void batcher.add('b', 2)
    await clock.advance(2)
    expect(batches()).toEqual([['a', 'b']])
  })

  it('a later item that could wait longer lengthens nothing', async () => {
    const batcher = held()
    void batcher.add('a', 2)
    void batcher.add('b')
    await clock.advance(2)
    expect(batches()).toEqual([['a', 'b']])
  })

  it('a full batch is written at once', async () => {
    const batcher = held({ sizeMax: 3 })
    for (const item of ['a', 'b', 'c']) void batcher.add(item)
    expect(batches()).toEqual([['a', 'b', 'c']])
    expect(clock.timers).toBe(0)
  })
})

describe('writing', () => {
  it('one write at a time: what comes meanwhile is written afterwards, a full batch each', async () => {
    const batcher = held({ sizeMax: 2 })
    void batcher.add('a')
    void batcher.add('b')
    for (const item of ['c', 'd', 'e']) void batcher.add(item)
    await clock.advance(1_000)
    expect(batches()).toEqual([['a', 'b']])
    writes[0]?.end()
    await clock.advance(0)
    expect(batches()).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ])
    writes[1]?.end()
    await clock.advance(0)
    expect(batches()).toEqual([['a', 'b'], ['c', 'd'], ['e']])
  })

  it('what comes during a write gathers on until its own time', async () => {
    const batcher = held()
    void batcher.add('a', 2)
    await clock.advance(2)
    void batcher.add('b')
    await clock.advance(5)
    writes[0]?.end()
    await clock.advance(14)
    void batcher.add('c')
    expect(batches()).toEqual([['a']])
    await clock.advance(1)
    expect(batches()).toEqual([['a'], ['b', 'c']])
  })

  it('twin: a write that outlasts its time is followed at once', async () => {
    const batcher = held()
    void batcher.add('a', 2)
    await clock.advance(2)
    void batcher.add('b')
    await clock.advance(21)
    writes[0]?.end()
    await clock.advance(0)
    expect(batches()).toEqual([['a'], ['b']])
  })

  it('a failure reaches those whose items were in that write, and nobody else', async () => {
    const batcher = held({ sizeMax: 2 })
    const first = ['a', 'b'].map((item) => watched(batcher.add(item)))
    const later = watched(batcher.add('c'))
    writes[0]?.end(new Error('disk full'))
    await clock.advance(0)
    expect(first.map(({ now }) => now)).toEqual(['failed: disk full', 'failed: disk full'])
    await clock.advance(20)
    writes[1]?.end()
    await clock.advance(0)
    expect(later.now).toBe('C')
  })

  it('a write that throws at once, before it is a promise, is a failure like any other', async () => {
    let fails = true
    const batcher = new Batcher<string, string>({
      clock,
      gatherMs: 20,
      sizeMax: 100,
      write: (items) => {
        if (fails) throw new Error('at once')
        return Promise.resolve(items)
      },
    })
    const a = watched(batcher.add('a'))
    await clock.advance(20)
    expect(a.now).toBe('failed: at once')
    fails = false
    const b = watched(batcher.add('b'))
    await clock.advance(20)
    expect(b.now).toBe('b')
  })
})

describe('flush', () => {
  it('writes what waits, and resolves when nothing is left, what came meanwhile included', async () => {
    const batcher = held()
    void batcher.add('a')
    let isFlushed = false
    void batcher.flush().then(() => {
      isFlushed = true
    })
    void batcher.add('b')
    writes[0]?.end()
    await clock.advance(0)
    expect(batches()).toEqual([['a'], ['b']])
    expect(isFlushed).toBe(false)
    writes[1]?.end()
    await clock.advance(0)
    expect(isFlushed).toBe(true)
  })

  it('resolves even if the write fails: the failure is for those who added', async () => {
    const batcher = held()
    const a = watched(batcher.add('a'))
    const flushed = batcher.flush()
    writes[0]?.end(new Error('gone'))
    await flushed
    expect(a.now).toBe('failed: gone')
  })

  it('resolves at once when nothing waits', async () => {
    await held().flush()
    expect(writes).toEqual([])
  })
})
