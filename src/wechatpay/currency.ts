const digitsOf = new Map<string, number>()

/**
 * How many decimals a currency is written with, by JavaScript's own tables (CLDR): ISO 4217's but for a few without small coins,
 * such as IDR. 2 for a text that is no currency.
 */
export function fractionDigits(currency: string): number {
  const known = digitsOf.get(currency)
  if (known !== undefined) return known
  if (!/^[A-Z]{3}$/.test(currency)) return 2
  const format = new Intl.NumberFormat('en', { style: 'currency', currency })
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2
  digitsOf.set(currency, digits)
  return digits
}

/** An amount in the currency's smallest unit, as the currency is written: `12.34` for 1234 HKD, `1234` for 1234 JPY. */
export function inMajorUnits(amount: number, currency: string): string {
  const digits = fractionDigits(currency)
  return (amount / 10 ** digits).toFixed(digits)
}
