import { createInterface } from 'node:readline/promises'
import { VerdictError } from '../../errors.ts'

/** Where `verdict init` learns what it must know. */
export interface Answers {
  /**
   * What a flag gave, else what a person answers, else `otherwise`.
   *
   * @param question.otherwise undefined: there is no way without
   * @throws OPTION_INVALID naming the flag if nobody gives it
   */
  about(question: Question): Promise<string>
  /** As `about`; null where it was left empty. */
  maybe(question: Omit<Question, 'otherwise'>): Promise<string | null>
  close(): void
}

export interface Question {
  /** `--mchid`. */
  readonly flag: string
  readonly given: string | undefined
  /** Ends without a question mark. */
  readonly words: string
  readonly otherwise?: string
}

/** Only flags: nobody is there to be asked. */
export function flagsAlone(): Answers {
  return {
    about: async ({ flag, given, words, otherwise }) => {
      const answer = given ?? otherwise
      if (answer !== undefined && answer !== '') return answer
      throw new VerdictError('OPTION_INVALID', `${flag} is missing; expected ${words}`)
    },
    maybe: async ({ given }) => given || null,
    close: () => {},
  }
}

/** Flags first; for the rest a person on a terminal. */
export function terminal(
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
  signal: AbortSignal,
): Answers {
  const lines = createInterface({ input, output })
  // The end of the input (Ctrl-D) and Ctrl-C end the question, too.
  const ended = new AbortController()
  lines.once('close', () =>
    ended.abort(new VerdictError('OPTION_INVALID', 'not all was answered; nothing was written')),
  )
  const until = AbortSignal.any([signal, ended.signal])
  const ask = async (words: string, hint: string): Promise<string> => {
    try {
      return (await lines.question(`${words}${hint}: `, { signal: until })).trim()
    } catch (error) {
      until.throwIfAborted()
      throw error
    }
  }
  return {
    about: async ({ given, words, otherwise }) => {
      if (given !== undefined && given !== '') return given
      for (;;) {
        const answer = (await ask(words, otherwise === undefined ? '' : ` [${otherwise}]`)) || otherwise
        if (answer !== undefined) return answer
      }
    },
    maybe: async ({ given, words }) => given || (await ask(words, ' [none]')) || null,
    close: () => lines.close(),
  }
}
