import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { shown, VerdictError } from '../../errors.ts'
import { asJsonObject, type JsonObject, jsonObjectFrom } from '../../wechatpay/json.ts'
import type { AccountKeys, WechatPayAccount } from './account.ts'
import { openAccount } from './open-account.ts'

/**
 * The accounts of an `account.json` as `verdict simulate` writes it. Keys lie beside it as PEM files; `…File` fields
 * name others, relative to it.
 *
 * @throws OPTION_INVALID if a file can't be read or isn't what it should be; else as `openAccount`
 */
export async function accountsFromFile(path: string): Promise<readonly WechatPayAccount[]> {
  const json = jsonObjectFrom(await text(path))
  if (json === null || !Array.isArray(json.accounts) || json.accounts.length === 0) {
    throw new VerdictError('OPTION_INVALID', `${path} has no accounts; expected {"accounts": [{"mode": …}]}`)
  }
  const accounts: WechatPayAccount[] = []
  for (const [i, entry] of json.accounts.entries()) {
    const fields = asJsonObject(entry)
    if (fields === null) {
      throw new VerdictError('OPTION_INVALID', `${path}: accounts[${i}] is no object; expected {"mode": …}`)
    }
    accounts.push(await accountFrom(path, i, fields))
  }
  return accounts
}

const FILES = {
  merchantPrivateKeyFile: 'merchant_key.pem',
  merchantCertificateFile: 'merchant_cert.pem',
  wechatpayPublicKeyFile: 'wechatpay_public_key.pem',
  platformCertificateFile: 'wechatpay_platform_cert.pem',
} as const

async function accountFrom(path: string, index: number, entry: JsonObject): Promise<WechatPayAccount> {
  const where = `${path}: accounts[${index}]`
  return checked(await withKeyFiles(entry, { folder: dirname(path), where }), where)
}

/**
 * An entry of a list of accounts with the keys that lie in files: those that its `…File` fields name, relative to
 * `folder`, or those beside it. Nothing else is looked at.
 *
 * @param from.where what the sentence of an error begins with
 * @throws OPTION_INVALID if a file can't be read
 */
export async function withKeyFiles(
  entry: JsonObject,
  { folder, where }: { readonly folder: string; readonly where: string },
): Promise<JsonObject> {
  const { merchantPrivateKeyFile, merchantCertificateFile, wechatpayPublicKeyFile, ...rest } = entry
  const { platformCertificateFile, ...fields } = rest
  const read = (name: keyof typeof FILES, given: unknown): Promise<string> => {
    if (given !== undefined && typeof given !== 'string') {
      const message = `${where}.${name} is ${shown(given)}; expected a file name`
      throw new VerdictError('OPTION_INVALID', message)
    }
    // A key in the place of its file's name is not told as a path that can't be read.
    if (given?.includes('-----BEGIN')) {
      const message = `${where}.${name} is PEM text; expected a file name`
      throw new VerdictError('OPTION_INVALID', message)
    }
    return text(resolve(folder, given ?? FILES[name]))
  }
  const keys: Partial<AccountKeys> = {
    ...(fields.merchantPrivateKey === undefined && {
      merchantPrivateKey: await read('merchantPrivateKeyFile', merchantPrivateKeyFile),
    }),
    // The certificate is needed only where its serial number isn't given.
    ...(fields.merchantCertificate === undefined &&
      (merchantCertificateFile !== undefined || fields.serial_no === undefined) && {
        merchantCertificate: await read('merchantCertificateFile', merchantCertificateFile),
      }),
    ...(fields.wechatpayPublicKeyId !== undefined &&
      fields.wechatpayPublicKey === undefined && {
        wechatpayPublicKey: await read('wechatpayPublicKeyFile', wechatpayPublicKeyFile),
      }),
    // Beside a public key: during a change-over callbacks are signed with either.
    ...(platformCertificateFile !== undefined &&
      fields.certificates === undefined && {
        certificates: [await read('platformCertificateFile', platformCertificateFile)],
      }),
  }
  return { ...fields, ...keys }
}

/** `openAccount` looks at every field, so what it lets pass is an account. */
function checked(account: unknown, where: string): WechatPayAccount {
  try {
    openAccount(account as WechatPayAccount)
    return account as WechatPayAccount
  } catch (error) {
    if (!(error instanceof VerdictError)) throw error
    throw new VerdictError(error.code, `${where}: ${error.message}`, { cause: error })
  }
}

async function text(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new VerdictError('OPTION_INVALID', `${path} can't be read; expected a file`, { cause })
  }
}
