/** What a terminal is to us. `columns` and `rows` change when its window does. */
export interface Terminal {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
  write(text: string): unknown
}

/** Sentences that scroll by, and below them, in place, a table that is drawn over itself. */
export interface Screen {
  say(sentence: string): void
  draw(table: readonly string[]): void
}

const UP = (rows: number): string => (rows > 0 ? `\x1b[${rows}A` : '')
/** Erases from the cursor to the end of the screen. */
const ERASE = '\r\x1b[J'

export function screenOn(terminal: Terminal): Screen {
  let table: readonly string[] = []
  let drawn: readonly string[] = []

  // No line is wider than the window and no table higher, so that each line took one row when it was drawn.
  const fitting = (): string[] => {
    const { columns = 80, rows = 24 } = terminal
    return table.slice(0, Math.max(1, rows - 1)).map((line) => line.slice(0, Math.max(1, columns - 1)))
  }
  // A terminal that became narrower since then has broken the longer lines.
  const rowsNow = (): number => {
    const { columns = 80 } = terminal
    return drawn.reduce((rows, line) => rows + Math.max(1, Math.ceil(line.length / columns)), 0)
  }
  const redraw = (above: string): void => {
    const before = `${UP(rowsNow())}${ERASE}`
    drawn = fitting()
    terminal.write(`${before}${above}${drawn.map((line) => `${line}\n`).join('')}`)
  }
  return {
    say: (sentence) => redraw(`${sentence}\n`),
    draw: (lines) => {
      table = lines
      redraw('')
    },
  }
}
