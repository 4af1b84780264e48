import { type ChildProcess, fork } from 'node:child_process'
import { refusal } from '../../callback/http.ts'
import { type Clock, sleep, systemClock } from '../../clock.ts'
import { type Statistics, sumOf } from '../../engine/report.ts'
import { type ErrorCode, VerdictError } from '../../errors.ts'
import type { Verdict } from '../../verdict.ts'
import type { Service } from './service.ts'
import type { TeamSetup } from './team-worker.ts'

/** What a worker is asked, by the name of Verdict's method. */
export type Ask = 'place' | 'track' | 'giveUp' | 'order' | 'refund' | 'receive'

export type WordToWorker =
  | { readonly open: TeamSetup }
  | { readonly ask: Ask; readonly nth: number; readonly about: unknown[] }
  | { readonly close: true }

export type WordFromWorker =
  | { readonly opened: true }
  | { readonly statistics: Statistics }
  | { readonly notice: string }
  | { readonly nth: number; readonly value: unknown }
  | { readonly nth: number; readonly code: ErrorCode | null; readonly message: string }

export interface TeamOptions {
  readonly workers: number
  readonly setup: TeamSetup
  readonly say: (sentence: string) => void
}

/** A worker that doesn't answer for so long was stopped: another one is asked. */
const ANSWER_MS_MAX = 4_000
const AGAIN_MS = 200
const RESTART_PAUSE_MS = 300
const END_MS_MAX = 8_000

/** Several processes of Verdict on one store. Whoever dies is replaced; what he was asked, another one is asked. */
export class Team implements Service {
  readonly #options: TeamOptions
  readonly #real: Clock = systemClock
  readonly #members = new Set<Member>()
  readonly #left: Statistics[] = []
  #started = 0
  #isEnding = false
  #turn = 0

  private constructor(options: TeamOptions) {
    this.#options = options
  }

  /** Resolves when the first of them is there. */
  static async open(options: TeamOptions): Promise<Team> {
    const team = new Team(options)
    const opened = Array.from({ length: options.workers }, () => team.#start())
    await Promise.any(opened)
    return team
  }

  // -------------------------------------------------------------- what the shop asks

  place = ((parameters) => this.#ask('place', parameters)) as Verdict['place']
  track = ((parameters) => this.#ask('track', parameters)) as Verdict['track']
  giveUp = ((ref) => this.#ask('giveUp', ref)) as Verdict['giveUp']
  order = ((ref) => this.#ask('order', ref)) as Verdict['order']
  refund = ((ref, wish) => this.#ask('refund', ref, wish)) as Verdict['refund']

  /** As a load balancer: whoever is there answers, once. WeChat Pay comes again by itself. */
  callbacks: Verdict['callbacks'] = async ({ headers, body }) => {
    const member = this.#anyone()
    const asked = await member?.ask('receive', [headers, Buffer.from(body).toString('base64')], ANSWER_MS_MAX)
    if (asked?.kind === 'value') return asked.value as { status: number; body: string }
    return refusal(503, 'nobody is there')
  }

  get statistics(): Statistics {
    return sumOf([...this.#left, ...[...this.#members].flatMap(({ statistics }) => statistics ?? [])])
  }

  async close(): Promise<void> {
    this.#isEnding = true
    await Promise.all([...this.#members].map((member) => member.end()))
  }

  // -------------------------------------------------------------- what befalls them

  get alive(): readonly Member[] {
    return [...this.#members].filter((member) => member.isOpen)
  }

  // -------------------------------------------------------------- helpers

  /** What is asked in the same words twice is done once, so it is asked until somebody answers. */
  async #ask(method: Ask, ...about: unknown[]): Promise<unknown> {
    for (;;) {
      const asked = await this.#anyone()?.ask(method, about, ANSWER_MS_MAX)
      if (asked?.kind === 'value') return asked.value
      if (asked?.kind === 'refused') throw new VerdictError(asked.code, asked.message)
      if (this.#isEnding) throw new VerdictError('CLOSED', 'the demo ends')
      await sleep(this.#real, AGAIN_MS)
    }
  }

  #anyone(): Member | undefined {
    const { alive } = this
    this.#turn += 1
    return alive[this.#turn % Math.max(1, alive.length)]
  }

  async #start(): Promise<void> {
    this.#started += 1
    const member = new Member(this.#started, this.#options)
    this.#members.add(member)
    member.onEnd((why) => {
      this.#members.delete(member)
      if (member.statistics !== null) this.#left.push(member.statistics)
      if (this.#isEnding) return
      if (why !== 'SIGKILL') this.#options.say(`worker ${member.number} ended (${why}); another one starts`)
      this.#real.after(RESTART_PAUSE_MS, () => {
        if (!this.#isEnding) void this.#start().catch(() => {})
      })
    })
    await member.opened
  }
}

type Asked =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly message: string }
  /** Nobody knows whether it was done. */
  | { readonly kind: 'lost' }

/** One worker. */
export class Member {
  readonly number: number
  readonly opened: Promise<void>
  readonly #child: ChildProcess
  readonly #asked = new Map<number, (asked: Asked) => void>()
  readonly #say: (sentence: string) => void
  statistics: Statistics | null = null
  isOpen = false
  #nth = 0

  constructor(number: number, { setup, say }: TeamOptions) {
    this.number = number
    this.#say = say
    const main = new URL(`../main${import.meta.url.slice(-3)}`, import.meta.url)
    this.#child = fork(main, ['demo-worker'], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
      detached: true,
    })
    this.opened = new Promise((resolve, reject) => {
      this.#child.on('message', (word: WordFromWorker) => this.#hear(word, resolve))
      this.onEnd((why) => reject(new Error(`worker ${number} did not open: ${why}`)))
    })
    this.opened.catch(() => {})
    this.onEnd(() => {
      this.isOpen = false
      for (const settle of [...this.#asked.values()]) settle({ kind: 'lost' })
    })
    this.#tell({ open: setup })
  }

  onEnd(hear: (why: string) => void): void {
    this.#child.once('exit', (code, signal) => hear(signal ?? `exit code ${code}`))
  }

  ask(method: Ask, about: unknown[], waitMs: number): Promise<Asked> {
    this.#nth += 1
    const nth = this.#nth
    return new Promise((resolve) => {
      const settle = (asked: Asked): void => {
        cancel()
        this.#asked.delete(nth)
        resolve(asked)
      }
      const cancel = systemClock.after(waitMs, () => settle({ kind: 'lost' }))
      this.#asked.set(nth, settle)
      this.#tell({ ask: method, nth, about })
    })
  }

  /** @param signal SIGKILL, SIGSTOP, SIGCONT */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Asked to close, and killed if that takes too long. */
  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = new Promise<void>((resolve) => this.onEnd(() => resolve()))
    this.signal('SIGCONT')
    this.#tell({ close: true })
    const cancel = systemClock.after(END_MS_MAX, () => this.signal('SIGKILL'))
    await ended
    cancel()
  }

  #tell(word: WordToWorker): void {
    // It may have died a moment ago: its end is heard elsewhere.
    if (this.#child.connected) this.#child.send(word, () => {})
  }

  #hear(word: WordFromWorker, opened: () => void): void {
    if ('opened' in word) {
      this.isOpen = true
      opened()
    } else if ('statistics' in word) this.statistics = word.statistics
    else if ('notice' in word) this.#say(`worker ${this.number}: ${word.notice}`)
    else this.#asked.get(word.nth)?.(answerIn(word))
  }
}

function answerIn(word: Extract<WordFromWorker, { nth: number }>): Asked {
  if ('value' in word) return { kind: 'value', value: word.value }
  // Without a code it failed on the way, as when the database is gone: perhaps it was done.
  if (word.code === null || word.code === 'CLOSED') return { kind: 'lost' }
  return { kind: 'refused', code: word.code, message: word.message }
}
