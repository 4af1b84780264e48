/** How a command speaks, and hears that it is to end. */
export interface Io {
  /** For people: standard error. */
  readonly say: (sentence: string) => void
  /** The result: standard output. */
  readonly print: (line: string) => void
  readonly signal: AbortSignal
}
