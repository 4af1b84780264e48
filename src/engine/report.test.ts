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
    report.called('a', 'query', answer('done'), 5)
    report.called('a', 'query', noAnswer('timeout'), 5)
    report.called('a', 'close', refusal('ORDER_PAID'), 5)
    expect(report.statistics).toMatchObject({ calls: { query: 2, close: 1, place: 0 }, noAnswers: 1 })
  })

  it('lets whoever measures see calls, starts and verdicts', () => {
    const seen: unknown[] = []
    const report = new Report(() => {}, {
      called: (call) => seen.push(call),
      started: (start) => seen.push(start),
    })
    report.called('a', 'query', answer('done'), 7)
    report.called('a', 'close', noAnswer('timeout'), 8_000)
    report.started('a', 3)
    expect(seen).toEqual([
      { account: 'a', call: 'query', outcome: 'answer', tookMs: 7 },
      { account: 'a', call: 'close', outcome: 'timeout', tookMs: 8_000 },
      { account: 'a', lateMs: 3 },
    ])
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
    for (const account of ['a', 'a', 'b', 'a']) report.called(account, 'query', noAnswer('key-refused'), 5)
    report.called('a', 'query', noAnswer('timeout'), 5)
    expect(told).toHaveLength(2)
    report.called('a', 'query', answer('done'), 5)
    report.called('a', 'query', noAnswer('key-refused'), 5)
    expect(told).toHaveLength(3)
  })

  it('whoever is told cannot stop the work', () => {
    const report = new Report(() => {
      throw new Error('no log')
    })
    expect(() => report.storeFailed(new Error('disk full'))).not.toThrow()
  })
})
