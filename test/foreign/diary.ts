import { appendFileSync, existsSync, readFileSync } from 'node:fs'

/** What the shop heard and asked for, line by line: in a file, so that it outlives the process. */
export type DiaryLine = Line & { readonly atMs: number }

export type Line = Hearing | Asking | Stall

export type Hearing = {
  readonly order: string
  /** The message's: the same whenever it is heard. */
  readonly id: string
  /** Whether the shop took it, or failed and has to be told again. */
  readonly taken: boolean
} & (
  | { readonly what: 'verdict'; readonly state: string }
  | { readonly what: 'refund'; readonly out_refund_no: string; readonly state: string }
  | { readonly what: 'late money'; readonly action: string }
)

export interface Asking {
  readonly what: 'asked'
  readonly order: string
  readonly key: string
  /** `null`: all that is left. */
  readonly amount: number | null
  /** The refund, or with which code it was refused. */
  readonly got: { readonly out_refund_no: string; readonly amount: number } | { readonly code: string }
}

/** The machine had no time for the shop: nobody can keep a rhythm then, in compressed time. */
export interface Stall {
  readonly what: 'stalled'
  readonly order: null
  readonly fromMs: number
}

export function write(file: string, line: DiaryLine): void {
  // The line before may have been cut off by a kill.
  appendFileSync(file, `\n${JSON.stringify(line)}\n`)
}

export function read(file: string): readonly DiaryLine[] {
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as DiaryLine]
      } catch {
        return []
      }
    })
}
