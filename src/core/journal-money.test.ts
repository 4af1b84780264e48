import { describe, expect, it } from 'vitest'
import { noteWithMoney } from './journal-money.ts'

const money = (amount: number, currency: string): string => `${currency} ${(amount / 100).toFixed(2)}`

describe('the note of a journal line', () => {
  it.each([
    ['refund', 'queued', 'A42-R1: 18158 HKD', 'A42-R1: HKD 181.58'],
    ['refund', 'queued', 'A42-R1: 100 HKD, by Night shift', 'A42-R1: HKD 1.00, by Night shift'],
    ['refund', 'elsewhere', 'A42-R1: 5 HKD', 'A42-R1: HKD 0.05'],
    ['resolved', 'amount', '9000 HKD, not 8800 HKD', 'HKD 90.00, not HKD 88.00'],
  ])('of %s %s has its money as people write it', (event, said, note, shown) => {
    expect(noteWithMoney({ event, said, note }, money)).toBe(shown)
  })

  it.each([
    ['resolved', 'seen', 'till: 500 HKD, in cash'],
    ['refusal', 'NOT_ENOUGH', 'A42-R1: 500 HKD, not there'],
    ['refund', 'SUCCESS', '1900 HKD500'],
  ])('of %s %s stays as it is: %s', (event, said, note) => {
    expect(noteWithMoney({ event, said, note }, money)).toBe(note)
  })

  it('is empty where there is none', () => {
    expect(noteWithMoney({ event: 'refund', said: 'SUCCESS' }, money)).toBe('')
  })
})
