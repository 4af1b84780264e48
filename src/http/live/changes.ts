import { randomBytes } from 'node:crypto'
import type { Change } from '../../core/change.ts'
import { journalView, orderView } from '../views.ts'

type Changed = Pick<Change, 'order' | 'journal'>

/** Something happened; `text` is made of it once, and only if somebody listens. */
interface Entry {
  readonly changed: Changed | null
  text: string | null
}

/** So many are kept for whoever comes back. Each is some 2 kB. */
const KEPT_MAX = 4_096

/**
 * The latest changes of orders, by references alone: what nobody listens to costs an assignment. A change bears a number,
 * and this ring a name that no other one has: so whoever comes back says how far he has heard.
 */
export class Changes {
  readonly #boot = randomBytes(6).toString('hex')
  readonly #ring: Entry[] = []
  readonly #keptMax: number
  #count = 0

  constructor(keptMax = KEPT_MAX) {
    this.#keptMax = keptMax
  }

  /** @param changed null: by another process */
  add(changed: Changed | null): void {
    this.#ring[this.#count % this.#keptMax] = { changed, text: null }
    this.#count += 1
  }

  /** How many there were. */
  get count(): number {
    return this.#count
  }

  /** Whether all is here from this one on. */
  isKept(nth: number): boolean {
    return nth <= this.#count && nth >= this.#count - this.#ring.length
  }

  idOf(nth: number): string {
    return `${this.#boot}-${nth}`
  }

  /** Where whoever has heard up to `id` goes on; null if what came next is no longer here, or never was. */
  after(id: string): number | null {
    const [, boot, digits = ''] = /^([0-9a-f]{12})-(\d{1,15})$/.exec(id) ?? []
    const nth = Number(digits)
    return boot === this.#boot && this.isKept(nth) ? nth : null
  }

  accountOf(nth: number): string | null {
    return this.#ring[nth % this.#keptMax]?.changed?.order.account ?? null
  }

  /** As an event stream tells it. Null: another process has changed something, and only it knows what. */
  textOf(nth: number): string | null {
    const entry = this.#ring[nth % this.#keptMax]
    if (entry === undefined || entry.changed === null) return null
    entry.text ??= textOf(entry.changed, this.idOf(nth + 1))
    return entry.text
  }
}

function textOf({ order, journal }: Changed, id: string): string {
  const data = JSON.stringify({ order: orderView(order), journal: journal.map(journalView) })
  return `event: order\nid: ${id}\ndata: ${data}\n\n`
}
