import { describe, expect, it } from 'vitest'
import { screenOn, type Terminal } from './screen.ts'

/** What a terminal shows after all that was written to it: as much of one as the screen uses. */
class SmallTerminal implements Terminal {
  readonly isTTY = true
  columns: number
  rows: number
  /** Lines without the newline; the cursor is at the end of the last one. */
  lines = ['']

  constructor(columns: number, rows: number) {
    this.columns = columns
    this.rows = rows
  }

  write(text: string): void {
    const readable = text.replaceAll('\x1b', 'ESC')
    const parts = readable.split(/(ESC\[\d*[AJ]|\r|\n)/).filter((part) => part !== '')
    let row = this.lines.length - 1
    for (const part of parts) {
      const up = /^ESC\[(\d+)A$/.exec(part)
      if (up !== null) row = Math.max(0, this.lines.length - this.rows, row - Number(up[1]))
      else if (part === 'ESC[J') this.lines = [...this.lines.slice(0, row), '']
      else if (part === '\n') {
        row += 1
        this.lines[row] ??= ''
      } else if (part !== '\r') this.lines[row] = `${this.lines[row]}${part}`
    }
  }

  /** Becomes narrower, and breaks the lines that no longer fit. */
  resize(columns: number): void {
    this.columns = columns
    this.lines = this.lines.flatMap((line) => line.match(new RegExp(`.{1,${columns}}`, 'g')) ?? [''])
  }
}

describe('the live screen', () => {
  it('draws the table over itself', () => {
    const terminal = new SmallTerminal(80, 24)
    const screen = screenOn(terminal)
    screen.draw(['waiting 1', 'SUCCESS 0'])
    screen.draw(['waiting 0', 'SUCCESS 1'])
    expect(terminal.lines).toEqual(['waiting 0', 'SUCCESS 1', ''])
  })

  it('lets sentences scroll by above the table', () => {
    const terminal = new SmallTerminal(80, 24)
    const screen = screenOn(terminal)
    screen.say('it begins')
    screen.draw(['waiting 1'])
    screen.say('the simulator died')
    screen.draw(['waiting 2', 'SUCCESS 1'])
    screen.say('it serves again')
    expect(terminal.lines).toEqual([
      'it begins',
      'the simulator died',
      'it serves again',
      'waiting 2',
      'SUCCESS 1',
      '',
    ])
  })

  it('fits a window that is too narrow or too low, and one that becomes narrower', () => {
    const terminal = new SmallTerminal(30, 4)
    const screen = screenOn(terminal)
    screen.say('it begins')
    screen.draw(['1'.repeat(100), '2', '3', '4', '5'])
    expect(terminal.lines).toEqual(['it begins', '1'.repeat(29), '2', '3', ''])
    terminal.rows = 24
    terminal.resize(10)
    screen.draw(['a', 'b'])
    expect(terminal.lines).toEqual(['it begins', 'a', 'b', ''])
  })
})
