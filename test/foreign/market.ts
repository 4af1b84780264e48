import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { VerdictAccount } from '../../src/index.ts'
import { type Audit, audit } from './audit.ts'
import { Luck } from './chance.ts'
import { read } from './diary.ts'
import { type Coming, errandOf, notifyUrl, placeForeign } from './errands.ts'
import { OtherWechatPay } from './other-wechat-pay.ts'
import type { Plan, ShopReport } from './shop.ts'
import { rsa } from './stamp.ts'
import type { Merchant } from './wish.ts'

/** A market day: customers come, Verdict runs in a process that is killed now and then, and everything is audited. */
export interface MarketDay extends Coming {
  readonly orders: number
  readonly speed: number
  /** See `OtherWechatPay`. */
  readonly harshness: number
  /** How often Verdict is killed. */
  readonly kills: number
  readonly untilMs: number
}

/** Each merchant has its own. */
const API_V3_KEYS = ['anotherApiV3KeyOf32Characters!!!', 'theInstitutionsKeyOf32Characters'] as const

export async function marketDay(day: MarketDay): Promise<Audit> {
  const dir = mkdtempSync(join(tmpdir(), 'verdict-foreign-'))
  const luck = new Luck(day.seed, 'market')
  const startMs = Date.now()
  const anchor = { realMs: startMs, simulatedMs: startMs, speed: day.speed }
  const port = await freePort()
  const { secret, open } = rsa()
  const ours = { serial: '5A3F0C11223344556677889900AABBCCDDEEFF01', key: open }
  const common: Merchant = {
    mode: 'common',
    mchid: '1900009191',
    appid: 'wxcommon1',
    sub_mchid: null,
    apiV3Key: API_V3_KEYS[0],
    ...ours,
  }
  const institution: Merchant = {
    ...{ mode: 'institutional', mchid: '1900009292', appid: 'wxinst1', sub_mchid: '1900009393' },
    apiV3Key: API_V3_KEYS[1],
    ...ours,
  }
  const weather = day.harshness > 0
  const other = new OtherWechatPay({
    seed: day.seed,
    anchor,
    merchants: [common, institution],
    harshness: day.harshness,
    skewMs: Math.round(luck.between(-60_000, 60_000)),
    rotatesAfterMs: 80_000,
    spells: {
      crowd: weather ? [100_000, 120_000] : [0, 0],
      mainDown: weather ? [130_000, 170_000] : [0, 0],
      allDown: weather ? [200_000, 225_000] : [0, 0],
    },
  })
  const hosts = await other.start()
  const keys = {
    merchantPrivateKey: secret.export({ type: 'pkcs8', format: 'pem' }).toString(),
    serial_no: ours.serial,
    merchant_category_code: '5812',
    certificates: 'download',
  } as const
  const accounts: VerdictAccount[] = [
    {
      mode: 'common',
      mchid: common.mchid,
      appid: common.appid,
      apiV3Key: common.apiV3Key,
      notify_url: notifyUrl(port, 'common'),
      ...keys,
      baseUrl: hosts.main,
      backupUrl: hosts.backup,
    },
    {
      ...{ mode: 'institutional', sp_mchid: institution.mchid, sp_appid: institution.appid },
      ...(institution.sub_mchid && { sub_mchid: institution.sub_mchid }),
      apiV3Key: institution.apiV3Key,
      notify_url: notifyUrl(port, 'institution'),
      ...keys,
      wechatpayPublicKeyId: other.publicKey.serial,
      wechatpayPublicKey: other.publicKey.pem,
      // A port on which nobody listens: every call has to find the other host.
      baseUrl: 'http://127.0.0.1:9',
      backupUrl: hosts.main,
    },
  ]
  const errands = Array.from({ length: day.orders }, (_, i) => errandOf(day, i, { startMs, port }))
  const plan: Plan = { anchor, accounts, errands, port, untilMs: startMs + day.untilMs }
  const planFile = join(dir, 'plan.json')
  writeFileSync(planFile, JSON.stringify(plan))
  const strangers = errands.map((errand) => placeForeign(other, [common, institution], errand, plan))
  const exits: string[] = []
  const deaths: [number, number][] = []
  let shop = opened(planFile)
  try {
    for (const killAtMs of killsOf(day, luck)) {
      // Dead before it started is no test: it needs some 0.4 s of real time.
      await realMs(Math.max(500, (startMs + killAtMs - other.worldMs()) / day.speed))
      if (shop.exitCode !== null) break
      const diedMs = other.worldMs() - startMs
      shop.kill('SIGKILL')
      if (shop.exitCode === null && shop.signalCode === null) await once(shop, 'exit')
      shop = opened(planFile)
      // It needs a moment of real time to start.
      deaths.push([diedMs, other.worldMs() - startMs + 2_000 * day.speed])
    }
    const [code, signal] = await ended(shop, ((day.untilMs + 120_000) / day.speed) * 1.2 + 10_000)
    exits.push(String(code ?? signal))
  } finally {
    shop.kill('SIGKILL')
    for (const timer of strangers) clearTimeout(timer)
  }
  await other.stop()
  const reportFile = join(dir, 'report.json')
  const report: ShopReport = existsSync(reportFile)
    ? (JSON.parse(readFileSync(reportFile, 'utf8')) as ShopReport)
    : {
        orders: [],
        missed: [],
        atMs: 0,
        surprises: [`no report; Verdict's process ended with ${exits}`],
        notices: [],
      }
  const diary = read(join(dir, 'diary.jsonl'))
  const found = audit({ other, plan, report, diary, exit: exits.join(), deaths })
  if (process.env.KEEP_FOREIGN) {
    const { calls, postman, watch, books } = other
    const facts = { calls, letters: postman.letters, complaints: watch.complaints, entries: books.entries }
    writeFileSync(join(dir, 'facts.json'), JSON.stringify(facts, null, 1))
    console.error(dir)
  } else rmSync(dir, { recursive: true, force: true })
  return found
}

/** Kept by nobody while the shop is dead, but the system gives it out again only when it has given out all others. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Half of them while customers come, the others while refunds are under way. */
function killsOf({ kills, comingMs, untilMs }: MarketDay, luck: Luck): readonly number[] {
  const atMs = Array.from({ length: kills }, (_, i) => {
    return i % 2 === 0 ? luck.between(20_000, comingMs) : luck.between(comingMs, 0.7 * untilMs)
  })
  return atMs.sort((a, b) => a - b)
}

function opened(planFile: string): ChildProcess {
  const shopFile = fileURLToPath(new URL('./shop.ts', import.meta.url))
  return spawn(process.execPath, [shopFile, planFile], { stdio: ['ignore', 'ignore', 'inherit'] })
}

async function ended(
  child: ChildProcess,
  patienceMs: number,
): Promise<readonly [number | null, string | null]> {
  if (child.exitCode !== null) return [child.exitCode, null]
  const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs)
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]
  clearTimeout(timer)
  return [code, signal]
}

function realMs(ms: number): Promise<void> {
  return new Promise((go) => setTimeout(go, ms))
}
