import { InvalidArgumentError } from 'commander'

/** An option's number: whole, and within these bounds. */
export function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    if (/^\d+$/.test(text) && Number(text) >= min && Number(text) <= max) return Number(text)
    throw new InvalidArgumentError(`expected a whole number from ${min} to ${max}`)
  }
}
