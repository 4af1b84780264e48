import { createSecretKey } from 'node:crypto'
import { KINDS, type Kind } from '../core/order.ts'
import { compilePlan, type Plan } from '../core/plan.ts'
import type { WechatPayAccount } from '../gateway/wechatpay/account.ts'
import { openAccount } from '../gateway/wechatpay/open-account.ts'
import type { Keys } from '../simulator/index.ts'
import { publicPem } from '../simulator/keys.ts'
import { privateKeyFrom } from '../wechatpay/signing.ts'
import { NOTIFY_URL } from './merchant.ts'
import type { SeedPlan } from './plan.ts'
import { BACKUP_HOST, MAIN_HOST } from './wire.ts'
import type { AccountSetup } from './worker.ts'

const CATEGORY = '5812'
const CONCURRENCY = 400
const FINGERPRINT_KEY = createSecretKey(Buffer.alloc(32))

/** The two accounts of a world: a merchant of its own, and an institution with its sub-merchant. */
export function accountsOf(plan: SeedPlan, keys: Keys): readonly AccountSetup[] {
  const { identity, credentials, serial_no } = keys
  const { merchantPrivateKey, wechatpayPublicKey } = readOnce(keys)
  const { mchid, appid, sp_mchid, sp_appid, sub_mchid, apiV3Key, wechatpayPublicKeyId } = identity
  const shared = {
    serial_no,
    merchantPrivateKey,
    apiV3Key,
    wechatpayPublicKeyId,
    wechatpayPublicKey,
    certificates: plan.downloadsCertificates ? ('download' as const) : [credentials.platformCertificate],
    baseUrl: MAIN_HOST,
    backupUrl: BACKUP_HOST,
    merchant_category_code: CATEGORY,
  }
  const accounts: readonly WechatPayAccount[] = [
    { mode: 'common', mchid, appid, ...shared },
    { mode: 'institutional', sp_mchid, sp_appid, sub_mchid, ...shared },
  ]
  return accounts.map((account) => ({
    account: openAccount(account),
    plans: plansOf(plan),
    limits: plan.limits,
    concurrency: CONCURRENCY,
    placing: { mode: account.mode, isLocal: true, merchant_category_code: CATEGORY },
    notify_url: NOTIFY_URL,
    unknownCallbacks: 'keep',
    fingerprintKey: FINGERPRINT_KEY,
  }))
}

const read = new WeakMap<
  Keys['credentials'],
  Pick<WechatPayAccount, 'merchantPrivateKey' | 'wechatpayPublicKey'>
>()

function readOnce(keys: Keys) {
  const { credentials } = keys
  const known = read.get(credentials) ?? {
    merchantPrivateKey: privateKeyFrom(credentials.merchantKey, 'the merchant key'),
    wechatpayPublicKey: publicPem(credentials.wechatpayKey),
  }
  read.set(credentials, known)
  return known
}

function plansOf({ policies, lateMoney }: SeedPlan): Readonly<Record<Kind, Plan>> {
  return Object.fromEntries(
    KINDS.map((kind) => {
      const policy = kind === 'quick_pay' ? policies.quickPay : policies.elsewhere
      return [kind, compilePlan(kind, { ...policy, lateMoney })]
    }),
  ) as Record<Kind, Plan>
}
