import { existsSync } from 'node:fs'
import { relative, resolve, sep } from 'node:path'
import { VerdictError } from '../../errors.ts'
import type { Answers } from './answers.ts'

/** Each answers one question. */
export interface AccountFlags {
  readonly mode?: string
  readonly mchid?: string
  readonly appid?: string
  readonly subMchid?: string
  readonly serialNo?: string
  readonly keyFile?: string
  readonly certFile?: string
  readonly publicKeyId?: string
  readonly publicKeyFile?: string
  readonly apiv3KeyEnv?: string
  readonly mcc?: string
  readonly baseUrl?: string
}

const MODES = ['common', 'institutional']

/** An account of `verdict.config.json`, as its owner answers. Holds no secret: it tells where they are. */
export async function askAccount(flags: AccountFlags, answers: Answers, dir: string): Promise<object> {
  const answer = await answers.about({
    flag: '--mode',
    given: flags.mode,
    words: 'common (a merchant of its own) or institutional (an institution with sub-merchants)',
    otherwise: 'common',
  })
  const mode = checkedMode(answer)
  return {
    mode,
    ...(await askIds(mode, flags, answers)),
    ...(await askMerchantKey(flags, answers, dir)),
    apiV3Key: { env: await askVariable(flags, answers) },
    ...(await askWechatpayKey(flags, answers, dir)),
    ...(await askRest(flags, answers)),
  }
}

/** @throws OPTION_INVALID */
export function checkedMode(mode: string): string {
  if (MODES.includes(mode)) return mode
  throw new VerdictError(
    'OPTION_INVALID',
    `--mode is ${JSON.stringify(mode)}; expected ${MODES.join(' or ')}`,
  )
}

async function askIds(mode: string, flags: AccountFlags, answers: Answers): Promise<object> {
  const [ofMchid, ofAppid] = mode === 'common' ? ['mchid', 'appid'] : ['sp_mchid', 'sp_appid']
  const ids = {
    [ofMchid]: await answers.about({ flag: '--mchid', given: flags.mchid, words: `the ${ofMchid}` }),
    [ofAppid]: await answers.about({ flag: '--appid', given: flags.appid, words: `the ${ofAppid}` }),
  }
  if (mode === 'common') return ids
  const words = 'the sub_mchid of orders that name none'
  const sub_mchid = await answers.maybe({ flag: '--sub-mchid', given: flags.subMchid, words })
  return { ...ids, ...(sub_mchid !== null && { sub_mchid }) }
}

async function askMerchantKey(flags: AccountFlags, answers: Answers, dir: string): Promise<object> {
  const keyFile = await answers.about({
    flag: '--key-file',
    given: flags.keyFile,
    words: "the file of the merchant's private key",
    otherwise: 'apiclient_key.pem',
  })
  const merchantPrivateKeyFile = fileFor('--key-file', keyFile, dir)
  if (flags.serialNo !== undefined && flags.certFile === undefined) {
    return { merchantPrivateKeyFile, serial_no: flags.serialNo }
  }
  const certFile = await answers.about({
    flag: '--cert-file (or --serial-no)',
    given: flags.certFile,
    words: "the file of the merchant's API certificate",
    otherwise: 'apiclient_cert.pem',
  })
  return {
    merchantPrivateKeyFile,
    merchantCertificateFile: fileFor('--cert-file', certFile, dir),
    ...(flags.serialNo !== undefined && { serial_no: flags.serialNo }),
  }
}

async function askVariable(flags: AccountFlags, answers: Answers): Promise<string> {
  const name = await answers.about({
    flag: '--apiv3-key-env',
    given: flags.apiv3KeyEnv,
    words: 'the environment variable that will hold the APIv3 key',
    otherwise: 'WECHATPAY_APIV3_KEY',
  })
  if (/^[A-Za-z_][0-9A-Za-z_]{0,63}$/.test(name) && !/^[0-9A-Za-z]{32}$/.test(name)) return name
  // The key itself is a mistake that people make here.
  const expected = 'the name of an environment variable, not the key'
  throw new VerdictError('OPTION_INVALID', `--apiv3-key-env is no name; expected ${expected}`)
}

async function askWechatpayKey(flags: AccountFlags, answers: Answers, dir: string): Promise<object> {
  const id = await answers.maybe({
    flag: '--public-key-id',
    given: flags.publicKeyId,
    words:
      "the id of WeChat Pay's public key, PUB_KEY_ID_…; without one platform certificates are downloaded",
  })
  if (id === null) return { certificates: 'download' }
  const file = await answers.about({
    flag: '--public-key-file',
    given: flags.publicKeyFile,
    words: 'its file',
    otherwise: 'pub_key.pem',
  })
  return { wechatpayPublicKeyId: id, wechatpayPublicKeyFile: fileFor('--public-key-file', file, dir) }
}

async function askRest(flags: AccountFlags, answers: Answers): Promise<object> {
  const merchant_category_code = await answers.maybe({
    flag: '--mcc',
    given: flags.mcc,
    words: 'the merchant category code (MCC) of orders that name none',
  })
  return {
    ...(flags.baseUrl === undefined
      ? { backupUrl: 'https://api.mch.weixin.qq.com' }
      : { baseUrl: flags.baseUrl }),
    ...(merchant_category_code !== null && { merchant_category_code }),
  }
}

/** A file as the configuration names it. What was typed is relative to where it was typed. */
function fileFor(flag: string, file: string, dir: string): string {
  const path = [resolve(file), resolve(dir, file)].find((one) => existsSync(one))
  if (path === undefined) {
    const got = file.includes('-----BEGIN') ? 'PEM text' : `${JSON.stringify(file)}, which isn't there`
    throw new VerdictError('OPTION_INVALID', `${flag} is ${got}; expected a file`)
  }
  const name = relative(dir, path)
  return (name.startsWith('..') ? path : name).split(sep).join('/')
}
