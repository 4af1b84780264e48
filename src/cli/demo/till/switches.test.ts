import { describe, expect, it } from 'vitest'
import { FAULT_LEVELS, probabilitiesFrom, probabilitiesOf } from '../../../simulator/faults.ts'
import { probabilitiesFor, type Switches } from './switches.ts'

const OFF: Switches = {
  level: 'none',
  repliesLost: false,
  slowAnswers: false,
  callbacksLost: false,
  down: false,
}
const both = [false, true]

describe('the switches', () => {
  it('in every position make probabilities that the simulator takes', () => {
    for (const level of FAULT_LEVELS)
      for (const repliesLost of both)
        for (const slowAnswers of both)
          for (const callbacksLost of both) {
            const odds = probabilitiesFor({ ...OFF, level, repliesLost, slowAnswers, callbacksLost })
            expect(probabilitiesFrom({ ...odds })).toEqual(odds)
          }
  })

  it('all off leave what strikes by chance', () => {
    for (const level of FAULT_LEVELS)
      expect(probabilitiesFor({ ...OFF, level })).toEqual(probabilitiesOf(level))
  })

  it('lose half of the replies, slow down what else is answered, lose every callback', () => {
    expect(probabilitiesFor({ ...OFF, repliesLost: true })).toMatchObject({
      resetAfter: 0.25,
      noReplyAfter: 0.25,
    })
    expect(probabilitiesFor({ ...OFF, slowAnswers: true }).slowReply).toBeCloseTo(0.9)
    const odds = probabilitiesFor({ ...OFF, level: 'harsh', callbacksLost: true })
    expect(odds).toMatchObject({ callbackLost: 1, callbackTwice: 0 })
  })
})
