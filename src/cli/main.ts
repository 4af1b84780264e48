import './threads.ts'

import { readFileSync } from 'node:fs'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { RESOLUTIONS } from '../core/resolving.ts'
import { FAULT_LEVELS } from './demo/options.ts'
import { EXIT_INPUT, endingSignal, exitCodeFor } from './ending.ts'
import type { Books } from './on-call/desk.ts'
import type { ListIo } from './on-call/orders.ts'
import { LIMIT_DEFAULT } from './on-call/pages.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

const signal = endingSignal()
// Whoever read our output may be gone (`| head`); there is nobody left to tell.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
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
  .option('--speed <n>', 'how fast time runs, 1 to 1000 (default: 60 with --once, else 3)', number)
  .option(
    '--store <file>',
    "Verdict's database; a run that was interrupted goes on with it (default: a new one). Or postgres://…, or postgres: a PostgreSQL of the demo's own",
  )
  .option('--workers <n>', 'processes of Verdict, on PostgreSQL', number)
  .option('--chaos', 'kills and stops workers at random, and restarts a database of its own', false)
  .option('--port <n>', "the simulator's port (default: a free one)", number)
  .option('--http-port <n>', 'the port of the dashboard (default: a free one)', number)
  .option('--no-callbacks', 'every callback is lost: all is found out by asking')
  .option(
    '--no-queries-before-callback',
    'asks as late and as rarely as the guide allows: callbacks come first',
  )
  .option('--json', 'print the result as one line of JSON', false)
  .action(async (flags) => {
    const { demo } = await import('./demo/demo.ts')
    process.exitCode = await demo(flags, { say, print, signal, version, terminal: process.stderr })
  })

program.command('demo-worker', { hidden: true }).action(async () => {
  const { runTeamWorker } = await import('./demo/team-worker.ts')
  await runTeamWorker(signal)
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
  .addOption(
    new Option('--callbacks <how>', 'whether callbacks are sent').choices(['on', 'off']).default('on'),
  )
  .addOption(
    new Option('--callback-key <which>', 'which key signs callbacks')
      .choices(['public-key', 'certificate', 'mixed'])
      .default('public-key'),
  )
  .addOption(
    new Option('--reply-key <which>', 'which key signs replies')
      .choices(['as-asked', 'public-key', 'certificate'])
      .default('as-asked'),
  )
  .addOption(
    new Option('--headers <which>', 'whether Accept, User-Agent and Content-Type must be as documented')
      .choices(['free', 'required'])
      .default('free'),
  )
  .addOption(
    new Option('--bills <when>', "when a day's bill is there")
      .choices(['next-morning', 'at-once'])
      .default('next-morning'),
  )
  .addOption(new Option('--clock <file>', 'compressed time: this is the simulator of a demo').hideHelp())
  .action(async ({ clock, ...options }: SimulateFlags) => {
    const { runSimulator, runSimulatorOfDemo } = await import('./simulate.ts')
    if (clock === undefined) await runSimulator(options, { say, signal })
    else await runSimulatorOfDemo(options, clock, signal)
  })

onStore(program.command('order').argument('<out_trade_no>'))
  .description('the life of one order, in words')
  .option('--account <mchid>', 'the mchid or sp_mchid, where the number alone is ambiguous')
  .option('--sub-mchid <sub_mchid>', 'the sub-merchant, where the number alone is ambiguous')
  .option('--verify', 'check the evidence of the verdict again', false)
  .option(
    '--accounts <file>',
    'account.json or verdict.config.json: its APIv3 key opens what was learnt by a callback',
  )
  .option('--export <dir>', 'write message, signature and public key, for openssl')
  .option('--json', 'print order, journal and evidence as JSON', false)
  .action(async (out_trade_no: string, { subMchid: sub_mchid, ...flags }) => {
    const { showOrder } = await import('./on-call/order.ts')
    await showOrder({ out_trade_no, sub_mchid, ...flags }, await listIo())
  })

onStore(program.command('orders'))
  .description('lists orders, the newest first')
  .option('--open', 'those without a verdict', false)
  .option('--overdue', 'those that should have been asked about more than a minute ago', false)
  .option('--attention', 'those that need a person', false)
  .option('--stopped', 'those whose tracking a person has stopped', false)
  .option('--state <states>', 'placing, waiting, ending, SUCCESS, …; several with commas between')
  .option('--account <mchid>', 'those of this mchid or sp_mchid')
  .option('--limit <n>', 'at most so many', number, LIMIT_DEFAULT)
  .option('--json', 'a line of JSON for each, as the HTTP API has them', false)
  .action(async (flags) => {
    const { listOrders } = await import('./on-call/orders.ts')
    await withBooks(flags, (books, io) => listOrders(books, flags, io))
  })

onStore(program.command('attention'))
  .description('the orders that need a person, and what to do about each')
  .option('--account <mchid>', 'those of this mchid or sp_mchid')
  .option('--limit <n>', 'at most so many', number, LIMIT_DEFAULT)
  .option('--json', 'a line of JSON for each', false)
  .action(async (flags) => {
    const { listAttention } = await import('./on-call/orders.ts')
    await withBooks(flags, (books, io) => listAttention(books, flags, io))
  })

onStore(program.command('deliveries'))
  .description('messages that your system has not got')
  .option('--failed', 'only those that were given up', false)
  .option('--limit <n>', 'at most so many', number, LIMIT_DEFAULT)
  .option('--json', 'a line of JSON for each', false)
  .action(async (flags) => {
    const { listDeliveries } = await import('./on-call/deliveries.ts')
    await withBooks(flags, (books, io) => listDeliveries(books, flags, io))
  })

onStore(program.command('bills'))
  .description("days that were held against WeChat Pay's bills, and what differs")
  .option('--account <mchid>', 'those of this mchid or sp_mchid')
  .option('--limit <n>', 'at most so many', number, LIMIT_DEFAULT)
  .option('--json', 'a line of JSON for each', false)
  .action(async (flags) => {
    const { listBills } = await import('./on-call/bills.ts')
    await withBooks(flags, (books, io) => listBills(books, flags, io))
  })

aboutOrder(program.command('query'))
  .description('asks WeChat Pay about an order now, whatever its schedule')
  .action(async (out_trade_no: string, { subMchid: sub_mchid, ...flags }) => {
    const { queryOrder } = await import('./on-call/acts.ts')
    await queryOrder({ out_trade_no, sub_mchid, ...flags }, { say, print })
  })

aboutOrder(program.command('give-up'))
  .description('the merchant no longer wants an order: it is revoked or closed as soon as WeChat Pay allows')
  .action(async (out_trade_no: string, { subMchid: sub_mchid, ...flags }) => {
    const { giveUpOrder } = await import('./on-call/acts.ts')
    await giveUpOrder({ out_trade_no, sub_mchid, ...flags }, { say, print })
  })

aboutOrder(program.command('refund'))
  .description('gives the money of an order back to the customer, all that is left or a part')
  .requiredOption('--key <idempotency key>', 'the same key is the same refund, however often it is asked for')
  .option('--amount <n>', "in the currency's smallest unit (default: all that is left)", number)
  .option('--reason <text>', 'shown to the customer: 1 to 80 characters')
  .action(async (out_trade_no: string, { subMchid: sub_mchid, ...flags }) => {
    const { refundOrder } = await import('./on-call/acts.ts')
    await refundOrder({ out_trade_no, sub_mchid, ...flags }, { say, print })
  })

aboutOrder(program.command('resolve'))
  .description('answers the mark of an order that needs a person; verdict attention names the answers')
  .addOption(new Option('--action <answer>', 'what to do').choices(RESOLUTIONS).makeOptionMandatory())
  .requiredOption('--note <text>', 'why, for the journal: 1 to 500 characters')
  .option(
    '--amount <n>',
    "for accept_evidence: the amount that you saw, and no other; in the currency's smallest unit, as verdict attention has it (default: what the command tells first)",
  )
  .action(async (out_trade_no: string, { subMchid: sub_mchid, ...flags }) => {
    const { resolveOrder } = await import('./on-call/acts.ts')
    await resolveOrder({ out_trade_no, sub_mchid, ...flags }, { say, print })
  })

acting(program.command('resend').argument('<delivery>'))
  .description('sends a message to your system again; verdict deliveries names them')
  .action(async (id: string, flags) => {
    const { resendDelivery } = await import('./on-call/acts.ts')
    await resendDelivery({ id, ...flags }, { say, print })
  })

acting(program.command('reconcile'))
  .description(
    "holds a day against WeChat Pay's signed bill: exit code 0 if both say the same, 3 if they differ",
  )
  .option('--date <day>', 'a calendar day of Beijing, as 2026-06-08 (default: yesterday)')
  .option('--account <mchid>', 'the mchid or sp_mchid, where several are configured')
  .option('--sub-mchid <sub_mchid>', "the sub-merchant's orders alone (default: those of all)")
  .action(async ({ subMchid: sub_mchid, ...flags }) => {
    const { runReconcile } = await import('./on-call/reconcile.ts')
    process.exitCode = await runReconcile({ sub_mchid, ...flags }, { say, print })
  })

program
  .command('serve')
  .description(
    'follows orders, answers callbacks, and offers the HTTP API; SIGHUP reads the configuration again',
  )
  .option('--config <file>', 'the configuration', 'verdict.config.json')
  .addOption(
    new Option('--log-level <level>', 'what is logged')
      .choices(['debug', 'info', 'warn', 'error'])
      .default('info'),
  )
  .action(async (flags) => {
    const { runServe } = await import('./serve.ts')
    await runServe(flags, { version, signal })
  })

const key = program.command('key').description('API keys of the service: made, listed, revoked')
key
  .command('add')
  .requiredOption('--name <name>', 'whose it is')
  .requiredOption('--role <role>', 'read, operate or admin')
  .option('--config <file>', 'the configuration, which names the store', 'verdict.config.json')
  .option('--json', 'print the key as JSON', false)
  .action(async (flags) => (await import('./key.ts')).addKey(flags, { say, print, signal }))
key
  .command('list')
  .option('--config <file>', 'the configuration, which names the store', 'verdict.config.json')
  .option('--json', 'print the keys as JSON', false)
  .action(async (flags) => (await import('./key.ts')).listKeys(flags, { say, print, signal }))
key
  .command('revoke')
  .argument('<id>')
  .option('--config <file>', 'the configuration, which names the store', 'verdict.config.json')
  .option('--json', 'print the result as JSON', false)
  .action(async (id: string, flags) =>
    (await import('./key.ts')).revokeKey({ id, ...flags }, { say, print, signal }),
  )

program
  .command('archive')
  .description(
    'moves old final orders of a PostgreSQL into tables of their month, beside the running processes',
  )
  .requiredOption('--store <url>', 'postgres://…')
  .requiredOption('--before <month>', 'those that entered before this month, as 2026-05 (UTC)')
  .option('--json', 'print the result as one line of JSON', false)
  .action(async (flags) => {
    const { runArchive } = await import('./archive.ts')
    await runArchive(flags, { say, print, signal })
  })

program
  .command('listen')
  .description(
    'answers callbacks of WeChat Pay, and follows nothing: to try a sender, or the way through a proxy',
  )
  .requiredOption('--dir <dir>', 'where account.json and its keys lie')
  .option('--port <n>', 'where to listen, on 127.0.0.1 (default: a free one)', number)
  .option(
    '--expect <order>',
    'out_trade_no:total:currency that callbacks may be about; more than once',
    each,
    [],
  )
  .option('--store <file>', 'keeps orders and evidence (default: in memory)')
  .option('--json', 'a line of JSON for each callback', false)
  .action(async (options) => {
    const { listenForCallbacks } = await import('./listen.ts')
    await listenForCallbacks(options, { say, print, signal })
  })

program
  .command('prove')
  .description('runs Verdict in simulated worlds, one for each seed, in which everything goes wrong')
  .option('--seeds <n>', 'how many (default: 1000, or as many as the minutes allow)', number)
  .option('--from <seed>', 'the first one', number, 1)
  .option('--minutes <m>', 'how long', number)
  .option('--orders <n>', 'orders of each seed', number, 50)
  .option('--jobs <n>', 'how many run at the same time (default: one for each core)', number)
  .option('--fail-fast', 'ends with the first seed that breaks a rule', false)
  .option('--trace', 'prints everything that happens in one seed', false)
  .option('--json', 'print the result as one line of JSON', false)
  .action(async (flags) => {
    const { runProve } = await import('./prove.ts')
    process.exitCode = await runProve(flags, { say, print, signal })
  })

program
  .command('policy')
  .description('when each kind of order is queried and ended, with the rule of the guide behind each line')
  .option('--file <file>', 'policies to check: {"quick_pay": {"policy": "fixed", …}, …}')
  .action(async ({ file }: { file?: string }) => {
    const { explainPolicies, policiesIn } = await import('./policy.ts')
    print(explainPolicies(file === undefined ? {} : policiesIn(file)))
  })

program
  .command('init')
  .description('writes a verdict.config.json; asks on a terminal for what no option gives')
  .option('--dir <dir>', 'where to', '.')
  .option('--simulator', "with a simulator's account, to try everything at once", false)
  .option('--mode <mode>', 'common or institutional')
  .option('--mchid <mchid>', 'the mchid, or in institutional mode the sp_mchid')
  .option('--appid <appid>', 'the appid, or in institutional mode the sp_appid')
  .option('--sub-mchid <sub_mchid>', 'institutional mode: the sub-merchant of orders that name none')
  .option('--serial-no <serial_no>', 'serial number of the API certificate, where its file is not at hand')
  .option('--key-file <file>', "the merchant's private key (default: apiclient_key.pem)")
  .option('--cert-file <file>', "the merchant's API certificate (default: apiclient_cert.pem)")
  .option(
    '--apiv3-key-env <name>',
    'the variable that will hold the APIv3 key (default: WECHATPAY_APIV3_KEY)',
  )
  .option('--public-key-id <id>', "PUB_KEY_ID_…; without it WeChat Pay's certificates are downloaded")
  .option('--public-key-file <file>', "WeChat Pay's public key (default: pub_key.pem)")
  .option('--mcc <code>', 'the merchant category code of orders that name none')
  .option('--base-url <url>', 'another host of WeChat Pay, such as a simulator')
  .option('--public-url <url>', 'where WeChat Pay reaches this machine')
  .option('--store <store>', 'a file, or postgres://… (default: verdict.db)')
  .option('--port <n>', 'the port of the API (default: 8080)', number)
  .option('--force', 'overwrites the configuration that is there', false)
  .action(async (flags) => {
    const { runInit } = await import('./init.ts')
    await runInit(flags, { say, signal })
  })

program
  .command('doctor')
  .description('checks everything before launch: keys, hosts, clock, callbacks, store')
  .option('--config <file>', 'the configuration', 'verdict.config.json')
  .option('--json', 'print all findings as one line of JSON', false)
  .action(async (flags) => {
    const [{ runDoctor }, { systemClock }] = await Promise.all([import('./doctor.ts'), import('../clock.ts')])
    process.exitCode = await runDoctor({ ...flags, env: process.env, clock: systemClock }, { print })
  })

interface SimulateFlags {
  readonly dir: string
  readonly clock?: string
}

/** Reads in a service, or beside whoever owns a store. */
function onStore(command: Command): Command {
  return command
    .option('--store <file>', "Verdict's database: a file, or postgres://…", 'verdict.db')
    .addOption(service())
}

/** Writes in a service, or straight onto the store of a configuration. */
function acting(command: Command): Command {
  return command
    .addOption(service())
    .option(
      '--config <file>',
      'without --service: the configuration, which names the store',
      'verdict.config.json',
    )
    .option('--json', 'print the result as one line of JSON', false)
}

function aboutOrder(command: Command): Command {
  return acting(command.argument('<out_trade_no>'))
    .option('--account <mchid>', 'the mchid or sp_mchid, where the number alone is ambiguous')
    .option('--sub-mchid <sub_mchid>', 'the sub-merchant, where the number alone is ambiguous')
}

function service(): Option {
  const description =
    'where verdict serve listens, as http://127.0.0.1:8080; with an API key in VERDICT_API_KEY'
  return new Option('--service <url>', description).env('VERDICT_SERVICE')
}

async function withBooks(
  { service: url, store }: { readonly service?: string; readonly store: string },
  read: (books: Books, io: ListIo) => Promise<void>,
): Promise<void> {
  const io = await listIo()
  const books =
    url === undefined
      ? await (await import('./on-call/store-books.ts')).booksOfStore(store, io.clock)
      : (await import('./on-call/service-desk.ts')).serviceDesk(url, process.env)
  try {
    await read(books, io)
  } finally {
    await books.close()
  }
}

async function listIo(): Promise<ListIo> {
  return { print, say, clock: (await import('../clock.ts')).systemClock }
}

function each(text: string, before: readonly string[]): readonly string[] {
  return [...before, text]
}

function number(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('expected a number')
  return value
}

try {
  await program.parseAsync()
} catch (error) {
  // Commander has said it already.
  const isUsage = error instanceof CommanderError
  process.exitCode = isUsage ? (error.exitCode === 0 ? 0 : EXIT_INPUT) : exitCodeFor(error, say)
}
// Whatever still holds the process by then (a channel to a parent, an idle connection) has nothing left to do.
if (process.connected) process.disconnect()
