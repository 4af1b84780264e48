import { readFileSync } from 'node:fs'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { systemClock } from '../clock.ts'
import { VerdictError } from '../errors.ts'
import { FAULT_LEVELS } from './demo/options.ts'

/** Bad input, whatever the command: nothing was changed. */
const EXIT_INPUT = 2

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

const ending = new AbortController()
/** A terminal signals the whole group, and whoever started us passes the signal on: both are one wish to end. */
const ONE_WISH_MS = 1_000
let askedToEndAtMs = 0
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    const nowMs = systemClock.nowMs()
    // A second wish doesn't wait for what is under way.
    if (ending.signal.aborted && nowMs - askedToEndAtMs > ONE_WISH_MS) process.exit(1)
    if (!ending.signal.aborted) askedToEndAtMs = nowMs
    ending.abort(new Error(name))
  })
}
// Whoever started us and holds the channel is gone: nobody would ever stop us.
process.on('disconnect', () => ending.abort(new Error('the process that started this one is gone')))

const say = (sentence: string): void => void process.stderr.write(`${sentence}\n`)
const print = (line: string): void => void process.stdout.write(`${line}\n`)

const program = new Command('verdict')
  .description('Gives every WeChat Pay order its true final status.')
  .version(version)
  .exitOverride()
  .showHelpAfterError('(verdict --help lists the commands)')

program
  .command('demo')
  .description('a shop, a simulated WeChat Pay that loses replies, and Verdict between them')
  .option('--once', 'end when every order has its verdict, and tell whether any is wrong', false)
  .option('--orders <n>', 'how many customers come (default: 40 with --once, else no end)', number)
  .option('--seed <n>', 'the same customers and faults every time (default: 1)', number)
  .addOption(new Option('--faults <level>', 'how much goes wrong (default: mild)').choices(FAULT_LEVELS))
  .option('--speed <n>', 'how fast time runs, 1 to 1000 (default: 60 with --once, else 10)', number)
  .option(
    '--store <file>',
    "Verdict's database; a run that was interrupted goes on with it (default: a new one)",
  )
  .option('--port <n>', "the simulator's port (default: a free one)", number)
  .option('--json', 'print the result as one line of JSON', false)
  .action(async (flags) => {
    const { demo } = await import('./demo/demo.ts')
    process.exitCode = await demo(flags, { say, print, signal: ending.signal })
  })

program
  .command('simulate')
  .description(
    'a WeChat Pay to develop against: real wire format, real signatures, faults when you want them',
  )
  .requiredOption('--dir <dir>', 'where account.json and the keys are written, and its orders are kept')
  .option('--port <n>', 'port of the main host (default: a free one, the same at the next start)', number)
  .option('--backup-port <n>', 'port of the backup host (default: a free one)', number)
  .option('--seed <n>', 'the same customers and faults every time', number, 1)
  .addOption(new Option('--faults <level>', 'how much goes wrong').choices(FAULT_LEVELS).default('none'))
  .addOption(new Option('--customers <who>', 'who pays').choices(['none', 'seeded']).default('none'))
  .addOption(new Option('--clock <file>', 'compressed time, shared with a demo').hideHelp())
  .action(async (flags) => {
    const { runSimulator } = await import('./simulate.ts')
    await runSimulator(flags, { say, signal: ending.signal })
  })

program
  .command('order')
  .description('the life of one order, in words')
  .argument('<out_trade_no>')
  .option('--store <file>', "Verdict's database", 'verdict.db')
  .option('--account <mchid>', 'the mchid or sp_mchid, where the number alone is ambiguous')
  .option('--sub-mchid <sub_mchid>', 'the sub-merchant, where the number alone is ambiguous')
  .option('--verify', 'check the evidence of the verdict again, offline', false)
  .option('--export <dir>', 'write message, signature and public key, for openssl')
  .option('--json', 'print order, journal and evidence as JSON', false)
  .action(async (out_trade_no: string, flags) => {
    const { showOrder } = await import('./order.ts')
    await showOrder({ out_trade_no, ...flags }, { print })
  })

program
  .command('policy')
  .description('when each kind of order is queried and ended, with the rule of the guide behind each line')
  .option('--file <file>', 'policies to check: {"quick_pay": {"policy": "fixed", …}, …}')
  .action(async ({ file }: { file?: string }) => {
    const { explainPolicies, policiesIn } = await import('./policy.ts')
    print(explainPolicies(file === undefined ? {} : policiesIn(file)))
  })

function number(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('expected a number')
  return value
}

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = exitCodeFor(error)
}
// Whatever still holds the process by then (a channel to a parent, an idle connection) has nothing left to do.
process.disconnect?.()

function exitCodeFor(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_INPUT
  if (ending.signal.aborted) return 130
  if (error instanceof VerdictError) {
    say(`verdict: ${error.message} (${error.code})`)
    return EXIT_INPUT
  }
  say(`verdict: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  return 1
}
