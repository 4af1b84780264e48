import { describe, expect, it } from 'vitest'
import { answer, noAnswer, refusal } from '../core/testing.ts'
import { Report } from './report.ts'

function reporting(): { report: Report; told: string[] } {
  const told: string[] = []
  return { report: new Report(({ message }) => told.push(message)), told }
}

describe('a report', () => {
  it('counts calls and those without an answer', () => {
    const { report } = reporting()
    report.called('a', 'query', answer('done'))
    report.called('a', 'query', noAnswer('timeout'))
    report.called('a', 'close', refusal('ORDER_PAID'))
    expect(report.statistics).toMatchObject({ calls: { query: 2, close: 1, place: 0 }, noAnswers: 1 })
  })

  it('tells each reason for which the store fails once, until it works again', () => {
    const { report, told } = reporting()
    report.storeWorks()
    for (let i = 0; i < 5; i++) report.storeFailed(new Error('disk full'))
    report.storeFailed(new Error('read only'))
    report.storeWorks()
    report.storeWorks()
    report.storeFailed(new Error('disk full'))
    const [full, readOnly] = ['the store failed: disk full', 'the store failed: read only']
    expect(told).toEqual([full, readOnly, 'the store works again', full])
  })

  it('tells of a refused key once an account, until WeChat Pay answers again', () => {
    const { report, told } = reporting()
    for (const account of ['a', 'a', 'b', 'a']) report.called(account, 'query', noAnswer('key-refused'))
    report.called('a', 'query', noAnswer('timeout'))
    expect(told).toHaveLength(2)
    report.called('a', 'query', answer('done'))
    report.called('a', 'query', noAnswer('key-refused'))
    expect(told).toHaveLength(3)
  })

  it('whoever is told cannot stop the work', () => {
    const report = new Report(() => {
      throw new Error('no log')
    })
    expect(() => report.storeFailed(new Error('disk full'))).not.toThrow()
  })
})
