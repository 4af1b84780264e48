import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { VerdictError } from '../errors.ts'
import { type Credentials, createCredentials, type Identity, type Keys, publicPem } from './keys.ts'

/** The names of the files in a simulator's folder. */
export const FILES = {
  account: 'account.json',
  identity: 'simulator.json',
  truth: 'truth.db',
  merchantKey: 'merchant_key.pem',
  merchantCertificate: 'merchant_cert.pem',
  wechatpayPublicKey: 'wechatpay_public_key.pem',
  wechatpayKey: 'wechatpay_private_key.pem',
  platformCertificate: 'wechatpay_platform_cert.pem',
  platformKey: 'wechatpay_platform_key.pem',
} as const

export interface Ports {
  readonly port: number
  readonly backupPort: number
}

export interface Folder {
  readonly credentials: Credentials
  /** The ports of the run before; null at the first start. */
  readonly ports: Ports | null
}

/** The folder's keys and ids; they are made at its first use. @throws OPTION_INVALID, KEY_INVALID */
export async function openFolder(dir: string, nowMs: number): Promise<Folder> {
  makeFolder(dir)
  // The identity is written last: a folder without it was never used, whatever else a killed process left behind.
  if (!existsSync(join(dir, FILES.identity))) {
    const credentials = await createCredentials(nowMs)
    writeCredentials(dir, credentials)
    return { credentials, ports: null }
  }
  return readFolder(dir)
}

function writeCredentials(dir: string, credentials: Credentials): void {
  write(dir, FILES.merchantKey, credentials.merchantKey)
  write(dir, FILES.merchantCertificate, credentials.merchantCertificate)
  write(dir, FILES.wechatpayKey, credentials.wechatpayKey)
  write(dir, FILES.wechatpayPublicKey, publicPem(credentials.wechatpayKey))
  write(dir, FILES.platformKey, credentials.platformKey)
  write(dir, FILES.platformCertificate, credentials.platformCertificate)
  write(dir, FILES.identity, json({ identity: credentials.identity }))
}

function readFolder(dir: string): Folder {
  const text = (file: string): string => readFileSync(join(dir, file), 'utf8')
  try {
    const { identity, ports = null }: { identity: Identity; ports?: Ports | null } = JSON.parse(
      text(FILES.identity),
    )
    const credentials = {
      identity,
      merchantKey: text(FILES.merchantKey),
      merchantCertificate: text(FILES.merchantCertificate),
      wechatpayKey: text(FILES.wechatpayKey),
      platformKey: text(FILES.platformKey),
      platformCertificate: text(FILES.platformCertificate),
    }
    return { credentials, ports }
  } catch (cause) {
    throw new VerdictError(
      'KEY_INVALID',
      `${dir} holds a broken simulator; expected an empty folder or a whole one`,
      { cause },
    )
  }
}

function makeFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true })
  } catch (cause) {
    throw new VerdictError('OPTION_INVALID', `dir ${dir} can't be made; expected a folder or a new name`, {
      cause,
    })
  }
}

/** Takes away what an earlier run announced: the presence of `account.json` says that the simulator serves. */
export function withdraw(dir: string): void {
  rmSync(join(dir, FILES.account), { force: true })
}

/** Says to the world that the simulator serves, and where. */
export function announce(dir: string, keys: Keys, urls: { url: string; backupUrl: string } & Ports): void {
  const { url, backupUrl, ...ports } = urls
  write(dir, FILES.identity, json({ identity: keys.identity, ports }))
  write(dir, FILES.account, json(accountFile(keys, { url, backupUrl })))
}

/** A category for merchants of all sorts, in WeChat Pay's list. */
const MERCHANT_CATEGORY_CODE = '5311'

/** What `account.json` tells a client. */
export function accountFile(
  { identity, ...keys }: Keys,
  { url, backupUrl }: { url: string; backupUrl: string },
) {
  const { mchid, appid, sp_mchid, sp_appid, sub_mchid, sub_appid } = identity
  const common = {
    serial_no: keys.serial_no,
    apiV3Key: identity.apiV3Key,
    wechatpayPublicKeyId: identity.wechatpayPublicKeyId,
    platformCertificateSerial: keys.platformCertificateSerial,
    baseUrl: url,
    backupUrl,
    merchant_category_code: MERCHANT_CATEGORY_CODE,
    merchantPrivateKeyFile: FILES.merchantKey,
    merchantCertificateFile: FILES.merchantCertificate,
    wechatpayPublicKeyFile: FILES.wechatpayPublicKey,
    platformCertificateFile: FILES.platformCertificate,
  }
  return {
    accounts: [
      { mode: 'common', mchid, appid, ...common },
      { mode: 'institutional', sp_mchid, sp_appid, sub_mchid, sub_appid, ...common },
    ],
  } as const
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

/** Whole or not at all, and for the owner's eyes only: most of these files hold secrets. */
function write(dir: string, file: string, text: string): void {
  const draft = join(dir, `${file}.new`)
  writeFileSync(draft, text, { mode: 0o600 })
  renameSync(draft, join(dir, file))
}
