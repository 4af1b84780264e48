import { z } from 'zod'
import { POLICIES } from '../config.ts'
import { EVENT_TYPES } from '../core/change.ts'
import { DEFAULT_LIMITS, type Limits } from '../engine/budget.ts'

/**
 * What may stand in `verdict.config.json`: the shape alone, for people, editors and the reader. The words of each `error`
 * end the sentence "… is …; expected …".
 */

const TEXT = 'text, {"env": "NAME"} or {"file": "path"}'

const ENV = z
  .strictObject({ env: z.string().min(1) })
  .describe('The value of an environment variable, read when Verdict starts')
const FILE = z
  .strictObject({ file: z.string().min(1) })
  .describe('The text of a file, without the line end behind it; relative to this file')

/** Text, written here or elsewhere. */
const ANY_TEXT = z.union([z.string(), ENV, FILE], { error: TEXT }).meta({ id: 'text' })

function text(description: string) {
  return ANY_TEXT.describe(description)
}

function texts(error: string) {
  return z.array(ANY_TEXT, { error })
}

function object<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const known = Object.keys(shape).join(', ')
  return z.strictObject(shape, {
    error: ({ code }) => (code === 'unrecognized_keys' ? `one of ${known}` : 'an object'),
  })
}

function whole(min: number, max: number, description?: string) {
  const error = `a whole number from ${min} to ${max}`
  const number = z.number({ error }).int({ error }).min(min, { error }).max(max, { error })
  return description === undefined ? number : number.describe(description)
}

function yesOrNo(description: string) {
  return z.boolean({ error: 'true or false' }).describe(description)
}

const PORT_MAX = 65_535

const HTTP = object({
  host: text('Where the API listens. Default 127.0.0.1').exactOptional(),
  port: whole(0, PORT_MAX, "The API's port; 0 is any free one. Default 8080").exactOptional(),
  callbackPort: whole(0, PORT_MAX)
    .nullable()
    .describe('A port for callbacks alone. Default: they come to the port of the API')
    .exactOptional(),
  callbackHost: text('Where callbackPort listens. Default: as host').exactOptional(),
  trustedProxies: texts('a list of addresses and networks, as 10.0.0.0/8')
    .describe('Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed. Default: none')
    .exactOptional(),
})

const PER_SECOND = 'calls per second, above 0 and at most 1000000'
const LIMIT = z
  .number({ error: PER_SECOND })
  .gt(0, { error: PER_SECOND })
  .max(1_000_000, { error: PER_SECOND })
const LIMITS = object(
  Object.fromEntries(
    Object.keys(DEFAULT_LIMITS).map((call) => [call, LIMIT.exactOptional()]),
  ) as unknown as Record<keyof Limits, z.ZodExactOptional<typeof LIMIT>>,
).meta({ id: 'limits', description: "Calls per second, by call. Default: WeChat Pay's own" })

const CERTIFICATES = '"download" or a list of PEM texts'

const keysAndRest = {
  merchantPrivateKey: text(
    'apiclient_key.pem, PEM text: a secret. Better merchantPrivateKeyFile',
  ).exactOptional(),
  merchantPrivateKeyFile: text('Its file. Default merchant_key.pem').exactOptional(),
  serial_no: text("Serial number of the merchant's API certificate. Default: read from it").exactOptional(),
  merchantCertificate: text('apiclient_cert.pem, PEM text. Not needed with serial_no').exactOptional(),
  merchantCertificateFile: text('Its file. Default merchant_cert.pem, without serial_no').exactOptional(),
  apiV3Key: text('32 bytes, as set on the merchant platform: a secret'),
  wechatpayPublicKeyId: text("PUB_KEY_ID_…: answers are signed with WeChat Pay's public key").exactOptional(),
  wechatpayPublicKey: text('That key, PEM text').exactOptional(),
  wechatpayPublicKeyFile: text('Its file. Default wechatpay_public_key.pem, with the id').exactOptional(),
  certificates: z
    .union([z.literal('download'), texts(CERTIFICATES)], { error: CERTIFICATES })
    .describe('Platform certificates: "download", or PEM texts')
    .exactOptional(),
  platformCertificateFile: text('One platform certificate, instead of certificates').exactOptional(),
  platformCertificateSerial: text('As verdict simulate writes it; not used').exactOptional(),
  baseUrl: text('Where WeChat Pay is called. Default https://apihk.mch.weixin.qq.com').exactOptional(),
  backupUrl: text('The host to use while the first one fails (guide 7.2)').exactOptional(),
  merchant_category_code: text('The MCC of an order that names none').exactOptional(),
  connectTimeoutMs: whole(10, 5_000, 'Limit for TCP and TLS on one host. Default 3000').exactOptional(),
  readTimeoutMs: whole(10, 20_000, 'Limit for one call, from its first byte. Default 8000').exactOptional(),
  believesUnsignedUnknown: yesOrNo(
    'An unsigned "no such order" counts like a signed one. Default false',
  ).exactOptional(),
  notify_url: text(
    'Where WeChat Pay announces payments and refunds. Default: publicUrl/callbacks/ACCOUNT',
  ).exactOptional(),
  unknownCallbacks: z
    .enum(['keep', 'count'], { error: 'keep or count' })
    .describe('A verified callback about a number that is not in the store. Default keep')
    .exactOptional(),
  policies: POLICIES.meta({
    id: 'policies',
    description: 'When to query and when to end, by kind. Default: as the guide says',
  }).exactOptional(),
  limits: LIMITS.exactOptional(),
  concurrency: whole(1, 500, 'Calls under way at once. Default 400').exactOptional(),
}

const COMMON = object({
  mode: z.literal('common').describe('A merchant of its own'),
  mchid: text("The merchant's number, which names the account"),
  appid: text("The merchant's appid"),
  ...keysAndRest,
})
const INSTITUTIONAL = object({
  mode: z.literal('institutional').describe('An institution with sub-merchants'),
  sp_mchid: text("The institution's number, which names the account"),
  sp_appid: text("The institution's appid"),
  sub_mchid: text('The sub-merchant of an order that names none').exactOptional(),
  sub_appid: text("The sub-merchant's appid").exactOptional(),
  ...keysAndRest,
})
const ACCOUNT = z.discriminatedUnion('mode', [COMMON, INSTITUTIONAL], {
  error: ({ code }) => (code === 'invalid_union' ? '"common" or "institutional"' : 'an object'),
})

const SECRET = 'whsec_… as text, {"env": "NAME"} or {"file": "path"}, or a list of up to 5 of them'
const EVENTS = `a list of ${EVENT_TYPES.join(', ')}`

const WEBHOOK = object({
  name: text('Names the target in the store for ever. Default: from the URL').exactOptional(),
  url: text('Where messages are posted to'),
  secret: z
    .union([ANY_TEXT, texts(SECRET).min(1).max(5)], { error: SECRET })
    .describe('whsec_ and 24 to 64 bytes in base64; several during a rotation, the newest first: a secret'),
  events: z
    .array(z.enum(EVENT_TYPES, { error: `one of ${EVENT_TYPES.join(', ')}` }), { error: EVENTS })
    .min(1, { error: EVENTS })
    .describe('Default: all')
    .exactOptional(),
  allowPrivate: yesOrNo('Whether the host may be loopback or private. Default false').exactOptional(),
  timeoutMs: whole(100, 60_000, 'For connecting and the whole answer. Default 15000').exactOptional(),
})

const ACCOUNTS = 'a list with at least one account'

export const CONFIG = object({
  $schema: z.string({ error: 'text' }).describe('For editors').exactOptional(),
  store: text('A file, relative to this one, or postgres://…'),
  http: HTTP.describe('Where verdict serve listens').exactOptional(),
  publicUrl: text('Where WeChat Pay reaches us, such as https://pay.example.com').exactOptional(),
  accounts: z
    .array(ACCOUNT, { error: ACCOUNTS })
    .min(1, { error: ACCOUNTS })
    .describe('One entry for each WeChat Pay identity'),
  reconcileAt: z
    .string({ error: 'a time such as 10:30, or null' })
    .nullable()
    .describe("When the day before is held against WeChat Pay's bill, in Beijing; null: never. Default 10:30")
    .exactOptional(),
  webhooks: z
    .array(WEBHOOK, { error: 'a list of webhooks' })
    .describe('Who is told by HTTP what became of orders')
    .exactOptional(),
})

/** As it stands in the file. */
export type Written = z.output<typeof CONFIG>
type Reference = z.output<typeof ENV> | z.output<typeof FILE>

/** The same with text in the place of every reference. */
export type Resolved<T> = T extends Reference
  ? string
  : T extends readonly (infer Item)[]
    ? Resolved<Item>[]
    : T extends object
      ? { [Field in keyof T]: Resolved<T[Field]> }
      : T

/** The JSON Schema of `verdict.config.json`, for editors. */
export function configSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(CONFIG, { target: 'draft-7', io: 'input' })
  return { $schema, title: 'verdict.config.json', ...schema }
}
