import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Kind, PlaceParameters, TrackParameters, VerdictAccount } from '../../src/index.ts'
import { type Audit, audit } from './audit.ts'
import { Luck } from './chance.ts'
import { OtherWechatPay } from './other-wechat-pay.ts'
import { type Merchant, ownerOf } from './reader.ts'
import type { Errand, Plan, ShopReport } from './shop.ts'
import { rsa } from './stamp.ts'

/** A market day: customers come, Verdict runs in a process that is killed now and then, and everything is audited. */
export interface MarketDay {
  readonly seed: number
  readonly orders: number
  readonly speed: number
  /** See `OtherWechatPay`. */
  readonly harshness: number
  /** How often Verdict is killed. */
  readonly kills: number
  /** Simulated time in which all customers come. */
  readonly comingMs: number
  readonly untilMs: number
}

const KINDS: readonly [Kind, ...Kind[]] = [
  'quick_pay',
  'quick_pay',
  'quick_pay',
  'native',
  'jsapi',
  'mini_program',
  'app',
  'h5',
]
const API_V3_KEY = 'anotherApiV3KeyOf32Characters!!!'

export async function marketDay(day: MarketDay): Promise<Audit> {
  const dir = mkdtempSync(join(tmpdir(), 'verdict-foreign-'))
  const luck = new Luck(day.seed, 'market')
  const startMs = Date.now()
  const anchor = { realMs: startMs, simulatedMs: startMs, speed: day.speed }
  const { secret, open } = rsa()
  const ours = { serial: '5A3F0C11223344556677889900AABBCCDDEEFF01', key: open }
  const common: Merchant = {
    mode: 'common',
    mchid: '1900009191',
    appid: 'wxcommon1',
    sub_mchid: null,
    ...ours,
  }
  const institution: Merchant = {
    ...{ mode: 'institutional', mchid: '1900009292', appid: 'wxinst1', sub_mchid: '1900009393' },
    ...ours,
  }
  const weather = day.harshness > 0
  const other = new OtherWechatPay({
    seed: day.seed,
    anchor,
    merchants: [common, institution],
    apiV3Key: API_V3_KEY,
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
    apiV3Key: API_V3_KEY,
    merchant_category_code: '5812',
    certificates: 'download',
  } as const
  const accounts: VerdictAccount[] = [
    {
      mode: 'common',
      mchid: common.mchid,
      appid: common.appid,
      ...keys,
      baseUrl: hosts.main,
      backupUrl: hosts.backup,
    },
    {
      ...{ mode: 'institutional', sp_mchid: institution.mchid, sp_appid: institution.appid },
      ...(institution.sub_mchid && { sub_mchid: institution.sub_mchid }),
      ...keys,
      wechatpayPublicKeyId: other.publicKey.serial,
      wechatpayPublicKey: other.publicKey.pem,
      // A port on which nobody listens: every call has to find the other host.
      baseUrl: 'http://127.0.0.1:9',
      backupUrl: hosts.main,
    },
  ]
  const errands = Array.from({ length: day.orders }, (_, i) => errandOf(day, i, startMs))
  const plan: Plan = { anchor, accounts, errands, untilMs: startMs + day.untilMs }
  const planFile = join(dir, 'plan.json')
  writeFileSync(planFile, JSON.stringify(plan))
  const strangers = errands.map((errand) => placeForeign(other, [common, institution], errand, day))
  const exits: string[] = []
  const deaths: [number, number][] = []
  let shop = opened(planFile)
  try {
    for (let kill = 0; kill < day.kills; kill += 1) {
      // Dead before it started is no test: it needs some 0.4 s of real time.
      await realMs(500 + (luck.between(0.05, 0.95) * day.comingMs) / day.kills / day.speed)
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
    : { orders: [], surprises: [`no report; Verdict's process ended with ${exits}`], notices: [] }
  const found = audit({ other, plan, report, exit: exits.join(), deaths })
  if (process.env.KEEP_FOREIGN) console.error(dir)
  else rmSync(dir, { recursive: true, force: true })
  return found
}

function errandOf(day: MarketDay, i: number, startMs: number): Errand {
  const luck = new Luck(day.seed, 'errand', i)
  const kind = luck.pick(KINDS)
  const common = luck.chance(0.5)
  const atMs = Math.round(startMs + 2_000 + luck.between(0, day.comingMs))
  const out_trade_no = `F${day.seed}-${i}${luck.pick(['', '', '_a', '|b', '*c', '-d'])}`
  const account = common ? '1900009191' : '1900009292'
  const amount = { total: Math.ceil(luck.between(1, 90_000)), currency: 'HKD' }
  const giveUpAtMs = luck.chance(0.12) ? Math.round(atMs + luck.between(1_000, 90_000)) : null
  if (luck.chance(0.08)) {
    const track: TrackParameters = { out_trade_no, account, kind, amount, end: true }
    // A tracked order's window would last a quarter of an hour.
    return { atMs: atMs + 5_000, track, giveUpAtMs: Math.round(atMs + luck.between(50_000, 250_000)) }
  }
  const quick = kind === 'quick_pay'
  const openid = common
    ? { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' }
    : { sp_openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' }
  const auth_code = `13${String(1e15 + i + day.seed * 1e6).slice(0, 16)}`
  const place: PlaceParameters = {
    out_trade_no,
    account,
    kind,
    amount,
    description: '两杯咖啡, two coffees',
    ...(luck.chance(0.5) && { attach: 'till 7' }),
    ...(quick ? { payer: { auth_code } } : { notify_url: 'http://127.0.0.1:1/notify' }),
    ...((kind === 'jsapi' || kind === 'mini_program') && { payer: openid }),
    ...(kind === 'h5' && { scene_info: H5_SCENE }),
    ...(!quick && { time_expire: new Date(atMs + luck.between(90_000, 300_000)).toISOString() }),
  }
  return { atMs, place, giveUpAtMs }
}

const H5_SCENE = {
  payer_client_ip: '203.0.113.7',
  device_ip: '203.0.113.7',
  store_info: { id: 's1', name: 'Coffee', address: 'Nathan Road 1' },
}

/** An order that other code placed, some seconds before Verdict hears of it. */
function placeForeign(
  other: OtherWechatPay,
  [common, institution]: readonly [Merchant, Merchant],
  { track, atMs }: Errand,
  { speed }: MarketDay,
): NodeJS.Timeout | undefined {
  if (track === undefined) return undefined
  const owner = ownerOf(track.account === common.mchid ? common : institution)
  const types = { quick_pay: 'MICROPAY', native: 'NATIVE', app: 'APP', h5: 'MWEB' } as const
  const tradeType = track.kind === 'jsapi' || track.kind === 'mini_program' ? 'JSAPI' : types[track.kind]
  const { total, currency } = track.amount
  const run = (): void => {
    other.books.place(
      {
        ...{ owner, number: track.out_trade_no, tradeType, total, currency, attach: null, bytes: '' },
        expiresAtMs: tradeType === 'MICROPAY' ? null : other.nowMs() + 150_000,
      },
      other.nowMs(),
    )
  }
  return setTimeout(run, Math.max(0, (atMs - 4_000 - other.worldMs()) / speed))
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
