import { describe, expect, it } from 'vitest'
import { Waiters } from './waiters.ts'

describe('waiters', () => {
  it('all who wait for an order are woken with the value, and nobody else', async () => {
    const waiters = new Waiters<string>()
    const mine = [waiters.wait(1), waiters.wait(1)]
    const others = waiters.wait(2)
    others.catch(() => {})
    waiters.wake(1, 'paid')
    expect(await Promise.all(mine)).toEqual(['paid', 'paid'])
    expect(waiters.size).toBe(1)
    waiters.endAll(new Error('end'))
    await expect(others).rejects.toThrow('end')
  })

  it('a value is for those who wait already: whoever comes later waits for the next', async () => {
    const waiters = new Waiters<string>()
    waiters.wake(1, 'early')
    const late = waiters.wait(1)
    waiters.wake(1, 'next')
    expect(await late).toBe('next')
  })

  it('whoever is aborted hears the reason and leaves nothing behind', async () => {
    const waiters = new Waiters<string>()
    const control = new AbortController()
    const aborted = waiters.wait(1, control.signal)
    const stays = waiters.wait(1)
    control.abort(new Error('enough'))
    await expect(aborted).rejects.toThrow('enough')
    expect(waiters.size).toBe(1)
    waiters.wake(1, 'paid')
    expect(await stays).toBe('paid')
    expect(waiters.size).toBe(0)
  })

  it('an aborted signal is refused at once', async () => {
    const waiters = new Waiters<string>()
    await expect(waiters.wait(1, AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late')
    expect(waiters.size).toBe(0)
  })

  it('an abort after the value changes nothing', async () => {
    const waiters = new Waiters<string>()
    const control = new AbortController()
    const value = waiters.wait(1, control.signal)
    waiters.wake(1, 'paid')
    control.abort(new Error('too late'))
    expect(await value).toBe('paid')
  })

  it('at the end all hear why', async () => {
    const waiters = new Waiters<string>()
    const all = [waiters.wait(1), waiters.wait(2), waiters.wait(2)]
    waiters.endAll(new Error('closed'))
    const results = await Promise.allSettled(all)
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(waiters.size).toBe(0)
  })
})
