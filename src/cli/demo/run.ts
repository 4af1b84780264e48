import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { VerdictError } from '../../errors.ts'
import { isPostgres } from '../store-name.ts'
import { type DemoFlags, FAULT_LEVELS, ORDERS_ONCE } from './options.ts'

const RUN = z.object({
  /** Null: no end. */
  orders: z.int().nullable(),
  seed: z.int(),
  faults: z.enum(FAULT_LEVELS),
  port: z.int(),
  /** Where WeChat Pay's callbacks and Verdict's webhooks come in; 0 before it is known. */
  ownPort: z.int().default(0),
  callbacks: z.boolean().default(true),
  queriesBeforeCallback: z.boolean().default(true),
  /** Simulated epoch ms of the first customer; null before the clock is there. */
  startedAtMs: z.int().nullable(),
})

/** What makes a run the run that it is: kept beside its store, so that a second start goes on with the same orders. */
export type Run = Readonly<z.infer<typeof RUN>>

export interface DemoFiles {
  readonly store: string
  readonly run: string
  readonly clock: string
  /** The simulator's folder: the truth never lies in Verdict's database. */
  readonly weChatPay: string
}

/** Where a demo keeps its things: in a new folder of its own, unless it is told a file. */
export function demoFiles(store: string | undefined): DemoFiles {
  // Beside a database on a server there is nothing to go on with: such a run begins anew.
  const isFile = store !== undefined && !isPostgres(store)
  const file = isFile ? store : join(mkdtempSync(join(tmpdir(), 'verdict-demo-')), 'verdict.db')
  return { store: file, run: `${file}.run.json`, clock: `${file}.clock.json`, weChatPay: `${file}.wechatpay` }
}

/** Makes the folder of the store where there is none. @throws OPTION_INVALID */
export function makeFolderOf({ store }: DemoFiles): void {
  const folder = dirname(store)
  try {
    mkdirSync(folder, { recursive: true })
  } catch (cause) {
    throw new VerdictError(
      'OPTION_INVALID',
      `--store is ${store}; expected a file in a folder that can be made`,
      {
        cause,
      },
    )
  }
}

/** The run that the store belongs to, or a new one. Flags win over what was kept. @throws OPTION_INVALID */
export function theRun(flags: DemoFlags, { run: file, store }: DemoFiles): Run {
  const kept = existsSync(file) ? keptRun(file) : null
  const { orders, seed, faults, port, httpPort } = flags
  if (kept !== null && seed !== undefined && seed !== kept.seed) {
    throw new VerdictError(
      'OPTION_INVALID',
      `--seed is ${seed}; expected ${kept.seed}, the seed of the run that ${store} belongs to, or another --store`,
    )
  }
  return {
    orders: orders ?? (kept === null ? (flags.once ? ORDERS_ONCE : null) : kept.orders),
    seed: seed ?? kept?.seed ?? 1,
    faults: FAULT_LEVELS.find((level) => level === faults) ?? kept?.faults ?? 'mild',
    port: port ?? kept?.port ?? 0,
    ownPort: httpPort ?? kept?.ownPort ?? 0,
    // Commander gives true where the flag is absent.
    callbacks: flags.callbacks !== false && kept?.callbacks !== false,
    queriesBeforeCallback: flags.queriesBeforeCallback !== false && kept?.queriesBeforeCallback !== false,
    startedAtMs: kept?.startedAtMs ?? null,
  }
}

function keptRun(file: string): Run {
  try {
    return RUN.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (cause) {
    throw new VerdictError('OPTION_INVALID', `${file} can't be read; expected what an earlier demo wrote`, {
      cause,
    })
  }
}

export function keepRun({ run: file }: DemoFiles, run: Run): Run {
  writeFileSync(`${file}.new`, `${JSON.stringify(run)}\n`)
  renameSync(`${file}.new`, file)
  return run
}
