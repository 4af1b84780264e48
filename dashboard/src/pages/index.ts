import type { ComponentType } from 'preact'
import { place } from '../router.ts'
import { Missing } from './missing/missing.tsx'
import { missingWords } from './missing/words.ts'
import { OrderPage } from './order/order.tsx'
import { pageWords } from './order/words.ts'
import { Orders } from './orders/orders.tsx'
import { ordersWords } from './orders/words.ts'
import { Overview } from './overview/overview.tsx'
import { overviewWords } from './overview/words.ts'
import { isOffered } from './till/live.ts'
import { TillAndPhone } from './till/till.tsx'
import { tillWords } from './till/words.ts'

/** What the address `#/name/…` shows. */
export interface Page {
  readonly name: string
  /** In the language of the hour: for the browser's title, and for the menu. */
  readonly title: () => string
  readonly Body: ComponentType
  /** Whether the menu has it. Undefined: always. */
  readonly isOffered?: () => boolean
}

/** In the order of the menu; the first is where everybody begins. */
export const PAGES: readonly Page[] = [
  { name: 'overview', title: () => overviewWords.value.title, Body: Overview },
  { name: 'orders', title: () => ordersWords.value.title, Body: Orders },
  { name: 'till', title: () => tillWords.value.title, Body: TillAndPhone, isOffered: () => isOffered.value },
]

/** `#/orders/ord_42`: of the menu's orders, one. */
const ORDER: Page = { name: 'orders', title: () => pageWords.value.title, Body: OrderPage }
const MISSING: Page = { name: '', title: () => missingWords.value.title, Body: Missing }

export function pageAt(): Page {
  const [name, id] = place.value.path
  if (name === 'orders' && id !== undefined) return ORDER
  return name === undefined ? (PAGES[0] ?? MISSING) : (PAGES.find((page) => page.name === name) ?? MISSING)
}
