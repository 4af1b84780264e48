import type { PlatformKey, Store } from '../store/store.ts'

/** WeChat Pay's keys that were learnt and are not in the store yet. They go in before any evidence signed with them. */
export class KeyShelf {
  #keys: PlatformKey[] = []

  add(key: PlatformKey): void {
    this.#keys.push(key)
  }

  /** Writes what was added. If the store fails they stay on the shelf. */
  async moveTo(store: Pick<Store, 'keepPlatformKeys'>): Promise<void> {
    const keys = [...this.#keys]
    if (keys.length === 0) return
    await store.keepPlatformKeys(keys)
    this.#keys = this.#keys.filter((key) => !keys.includes(key))
  }
}
