import { fractionDigits } from '../wechatpay/currency.ts'

/**
 * How a bill writes amounts. WeChat Pay's documents don't say it of Global bills; mainland ones have yuan with two decimals,
 * where the API has fen.
 */
export type Unit =
  /** Whole numbers of the currency's smallest unit: `1234`. */
  | 'minor'
  /** The currency itself: `12.34`. */
  | 'major'

/** A bill's amount in the currency's smallest unit; null if it is none in this unit. Exact: no number with a fraction is made. */
export function amountIn(text: string, currency: string, unit: Unit): number | null {
  const [, whole, fraction = ''] = /^(\d{1,15})(?:\.(\d{1,6}))?$/.exec(text) ?? []
  if (whole === undefined) return null
  const digits = unit === 'minor' ? 0 : fractionDigits(currency)
  if (!/^0*$/.test(fraction.slice(digits))) return null
  const total = Number(whole + fraction.slice(0, digits).padEnd(digits, '0'))
  return Number.isSafeInteger(total) ? total : null
}
