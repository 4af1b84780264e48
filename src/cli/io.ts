/** What a command has of the terminal. */
export interface Io {
  /** Progress and errors, for people: standard error. */
  readonly say: (sentence: string) => void
  /** The result: standard output. */
  readonly print: (line: string) => void
  /** Aborts when the command is told to end. */
  readonly signal: AbortSignal
}
