import type { ComponentType } from 'preact'
import { place } from '../router.ts'
import { Bills } from './bills/bills.tsx'
import { DayPage } from './bills/day.tsx'
import { dayWords } from './bills/day-words.ts'
import { billsWords } from './bills/words.ts'
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
  { name: 'bills', title: () => billsWords.value.title, Body: Bills },
  { name: 'till', title: () => tillWords.value.title, Body: TillAndPhone, isOffered: () => isOffered.value },
]

/** `#/orders/ord_42`: of the menu's orders, one. */
const ORDER: Page = { name: 'orders', title: () => pageWords.value.title, Body: OrderPage }
/** `#/bills/1900000001/2026-06-08`: of the menu's bills, one day. */
const DAY: Page = { name: 'bills', title: () => dayWords.value.title, Body: DayPage }
const MISSING: Page = { name: '', title: () => missingWords.value.title, Body: Missing }

export function pageAt(): Page {
  const [name, id, date] = place.value.path
  if (name === 'orders' && id !== undefined) return ORDER
  if (name === 'bills' && date !== undefined) return DAY
  return name === undefined ? (PAGES[0] ?? MISSING) : (PAGES.find((page) => page.name === name) ?? MISSING)
}
