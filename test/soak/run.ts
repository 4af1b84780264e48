/**
 * `npm run soak -- [--minutes 60] [--json]`: Verdict under load and faults in real time, and whether it keeps or loses
 * anything. Exit code 0 if nothing is wrong, 1 with one sentence each if something is, 2 for bad input. A Ctrl-C ends
 * it early, and judges what there is.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { EXIT_INPUT, endingSignal } from '../../src/cli/ending.ts'
import { judge } from './judge.ts'
import { LEAKS, type LeakName } from './leaks.ts'
import { resultOf, resultText } from './report.ts'
import { type SoakOptions, soak } from './soak.ts'

interface Flags extends Omit<SoakOptions, 'dir' | 'leak' | 'drainMinutes' | 'ordersPerSecond'> {
  readonly drain: number
  readonly orders: number
  readonly leak?: LeakName
  readonly dir?: string
  readonly json: boolean
}

const signal = endingSignal()
const say = (sentence: string): void =>
  void process.stderr.write(`soak ${new Date().toISOString().slice(11, 19)} ${sentence}\n`)

process.exitCode = await run()
process.stdout.write('', () => process.exit())

async function run(): Promise<number> {
  const flags = flagsFrom(process.argv)
  if (flags === null) return EXIT_INPUT
  const { minutes, seed, drain: drainMinutes, orders: ordersPerSecond, leak = null } = flags
  const dir = flags.dir ?? mkdtempSync(join(tmpdir(), 'verdict-soak-'))
  mkdirSync(dir, { recursive: true })
  const options: SoakOptions = { minutes, seed, drainMinutes, ordersPerSecond, leak, dir }
  const soaked = await soak(options, { say, signal })
  const judgement = judge(soaked)
  const { wrong } = judgement
  for (const sentence of wrong) say(`wrong: ${sentence}`)
  if (flags.json) console.log(JSON.stringify(resultOf(soaked, judgement, options)))
  else
    console.log(`${resultText(soaked, judgement)}\n${wrong.length === 0 ? 'clean' : `${wrong.length} wrong`}`)
  if (flags.dir !== undefined || wrong.length > 0) say(`store, truth and samples are kept in ${dir}`)
  else rmSync(dir, { recursive: true, force: true })
  return wrong.length === 0 ? 0 : 1
}

/** Null after saying what is wrong with them. */
function flagsFrom(argv: readonly string[]): Flags | null {
  const program = new Command('soak')
    .option('--minutes <n>', 'how long orders come', within(1, 10_000), 60)
    .option('--json', 'print the result as one line of JSON', false)
    .option('--orders <n>', 'new orders per second', within(1, 100), 20)
    .option('--seed <n>', 'draws orders, customers and faults', within(0, 2 ** 31), 1)
    .option('--drain <n>', 'minutes that the last orders have to end', within(0, 60), 8)
    .option('--dir <dir>', 'where store, truth and samples lie, and stay; must be empty or new')
    .addOption(new Option('--leak <what>', 'leaks on purpose, to see it found').choices(LEAKS))
    .exitOverride()
  try {
    return program.parse(argv).opts<Flags>()
  } catch (error) {
    if (error instanceof CommanderError) return null
    throw error
  }
}

function within(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (text.trim() !== '' && value >= min && value <= max) return value
    throw new InvalidArgumentError(`expected a number from ${min} to ${max}`)
  }
}
