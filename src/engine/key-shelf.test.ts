import { describe, expect, it } from 'vitest'
import type { PlatformKey, Store } from '../store/store.ts'
import { KeyShelf } from './key-shelf.ts'

const key = (serial: string): PlatformKey => ({
  account: '1900000001',
  serial,
  publicKey: 'PEM',
  keptAtMs: 1_780_000_000_000,
})

/** A store that can do nothing but keep keys; `keep` may fail. */
function keeping(keep: (keys: readonly PlatformKey[]) => Promise<void>): Pick<Store, 'keepPlatformKeys'> {
  return { keepPlatformKeys: keep }
}

describe('the shelf of keys', () => {
  it('everything on it goes into the store, once', async () => {
    const shelf = new KeyShelf()
    const kept: string[] = []
    const store = keeping(async (keys) => {
      kept.push(...keys.map(({ serial }) => serial))
    })
    shelf.add(key('a'))
    shelf.add(key('b'))
    await shelf.moveTo(store)
    await shelf.moveTo(store)
    expect(kept).toEqual(['a', 'b'])
  })

  it('a failing store loses nothing: they stay for the next time', async () => {
    const shelf = new KeyShelf()
    const kept: string[] = []
    let fails = true
    const store = keeping(async (keys) => {
      if (fails) throw new Error('no space')
      kept.push(...keys.map(({ serial }) => serial))
    })
    shelf.add(key('a'))
    await expect(shelf.moveTo(store)).rejects.toThrow('no space')
    fails = false
    await shelf.moveTo(store)
    expect(kept).toEqual(['a'])
  })

  it('a key that comes while others are written stays until it is written itself', async () => {
    const shelf = new KeyShelf()
    const kept: string[] = []
    const store = keeping(async (keys) => {
      if (kept.length === 0) shelf.add(key('b'))
      kept.push(...keys.map(({ serial }) => serial))
    })
    shelf.add(key('a'))
    await shelf.moveTo(store)
    await shelf.moveTo(store)
    expect(kept).toEqual(['a', 'b'])
  })

  it('an empty shelf writes nothing', async () => {
    const store = keeping(async () => {
      throw new Error('written')
    })
    await new KeyShelf().moveTo(store)
  })
})
