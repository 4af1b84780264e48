import type { HttpRequest, HttpResult } from '../../gateway/wechatpay/transport.ts'
import type { Letter } from '../inbox.ts'
import type { Life } from '../life.ts'
import type { AnsweredCallback, Witness } from '../witness.ts'
import type { World, WorldParts } from '../world.ts'
import { CallbackChecker } from './callbacks.ts'
import { Database } from './database.ts'
import { checkEnd } from './end.ts'
import { LetterChecker } from './letters.ts'
import { LineChecker } from './line.ts'
import { Findings } from './rules.ts'
import { publicKeysOf } from './statements.ts'
import { WriteChecker } from './writes.ts'

/**
 * Holds a world against the design, after every event and at its end. It knows the documents, reads the database with
 * statements of its own, and shares no code with what it judges.
 */
export class Checker implements Witness {
  readonly findings = new Findings()
  readonly database: Database
  readonly #line: LineChecker
  readonly #writes: WriteChecker
  readonly #letters: LetterChecker
  readonly #callbacks: CallbackChecker
  #isTouched = true

  constructor(world: WorldParts) {
    this.database = new Database(world.db)
    const { database, findings } = this
    const parts = { world, database, findings, keys: publicKeysOf(world.wechatPay.keys) }
    this.#line = new LineChecker(parts)
    this.#writes = new WriteChecker(parts)
    this.#callbacks = new CallbackChecker(parts)
    this.#letters = new LetterChecker(this.database, this.findings)
  }

  get calls(): number {
    return this.#line.calls
  }

  get verdictAfterMsMax(): number {
    return this.#writes.verdictAfterMsMax
  }

  /** After every event. Null if nothing can have been written. */
  check(): Promise<void> | null {
    if (!this.#isTouched) return null
    this.#isTouched = false
    return this.#writes.check()
  }

  checkEnd(world: World): Promise<void> {
    return checkEnd({ world, database: this.database, letters: this.#letters, findings: this.findings })
  }

  readonly touched = (): void => {
    this.#isTouched = true
  }

  readonly callback = (answered: AnsweredCallback): void => this.#callbacks.answered(answered)

  readonly letter = (letter: Letter): void => this.#letters.read(letter)

  readonly surprised = (what: string): void => {
    this.findings.broke('callers are not surprised', what.split(' ')[0] ?? null, what)
  }

  left(request: HttpRequest, life: Life): void {
    this.#line.left(request, life)
  }

  arrived(request: HttpRequest): void {
    this.#line.arrived(request)
  }

  ended(request: HttpRequest, result: HttpResult, life: Life): void {
    this.#line.ended(request, result, life)
  }
}
