import { X509Certificate } from 'node:crypto'
import type { CommonAccount } from '../../../src/gateway/wechatpay/account.ts'
import { type GlobalV3Gateway, globalV3Gateway } from '../../../src/gateway/wechatpay/global-v3.ts'
import type { LearntKey } from '../../../src/gateway/wechatpay/platform-keys.ts'
import type { HttpReply, HttpRequest, Transport } from '../../../src/gateway/wechatpay/transport.ts'
import { headersFromFlat } from '../../../src/wechatpay/headers.ts'
import { apiV3Key, encryptResource } from '../../../src/wechatpay/resource.ts'
import type { Chance } from '../chance.ts'
import { jsonValue, text } from '../hostile.ts'
import { bentBytes, bentHeaders, bentJson, reshaped } from '../mutate.ts'
import { order, stringified } from '../paid.ts'
import { must, type Target } from '../target.ts'
import {
  API_V3_KEY,
  COMMON,
  type Message,
  NO_SIGNER,
  OTHER_API_V3_KEY,
  OTHER_CERTIFICATE,
  PLATFORM_CERTIFICATES,
  Seal,
  STILL,
  seconds,
} from '../wechat-pay.ts'

export interface CertificateParts {
  readonly open?: (transport: Transport, onKey: (key: LearntKey) => void) => GlobalV3Gateway
}

/** A key is the certificate's own, in a list that WeChat Pay signed, sealed with our APIv3 key. No other is learnt. */
export function certificatesTarget({ open = openGateway }: CertificateParts = {}): Target {
  return {
    name: 'certificates',
    open: () => {
      const seal = new Seal()
      const pool: Message[] = []
      return {
        run: async (chance) => {
          const reply = listFor(chance, seal, pool)
          chance.input = { ...reply, body: Buffer.from(reply.body ?? '').toString('latin1') }
          const learnt: LearntKey[] = []
          const transport: Transport = async ({ path }: HttpRequest) =>
            path === '/v3/global/certificates'
              ? reply
              : ({ kind: 'failure', reason: 'reset', sent: true, detail: 'lost' } as const)
          const outcome = await open(transport, (key) => learnt.push(key)).query(order())
          must(outcome.kind === 'no-answer', `the query that was lost is ${outcome.kind}`)
          if (learnt.length === 0) return `none ${reply.status}`
          judge(reply, seal, learnt)
          return `learnt ${learnt.length}`
        },
      }
    },
  }
}

const SERIALS = PLATFORM_CERTIFICATES.map((pem) => new X509Certificate(pem).serialNumber)

/** What is sealed with our APIv3 key, by its ciphertext. */
const sealed = new Map<string, string>()

function judge({ status, headers, body }: HttpReply, seal: Seal, learnt: readonly LearntKey[]): void {
  must(status === 200 && body !== null, `a key out of HTTP ${status}`)
  const flat = Object.entries(headers).flatMap(([name, values]) =>
    [values ?? []].flat().flatMap((value) => [name, value]),
  )
  must(seal.isGenuine({ headers: flat, body }), 'a key out of a list that WeChat Pay did not sign')
  const text = Buffer.from(body).toString()
  const listed = [...sealed].filter(([ciphertext]) => text.includes(ciphertext)).map(([, pem]) => keyOf(pem))
  for (const { serial, publicKey } of learnt) {
    must(listed.includes(`${serial} ${publicKey}`), `the key of ${serial} is none that WeChat Pay listed`)
  }
}

function keyOf(pem: string): string {
  const { serialNumber, publicKey } = new X509Certificate(pem)
  return `${serialNumber} ${publicKey.export({ type: 'spki', format: 'pem' })}`
}

const POOL_MAX = 32

function listFor(chance: Chance, seal: Seal, pool: Message[]): HttpReply {
  const at = chance.below(POOL_MAX)
  const known = pool[at]
  const genuine = known === undefined || chance.oneIn(30) ? genuineList(chance, seal) : known
  pool[at] = genuine
  const status = chance.oneIn(10) ? chance.pick([204, 301, 404, 500]) : 200
  const { headers, body } = genuine
  const reply = (flat: readonly string[], bytes: Uint8Array | null): HttpReply => ({
    kind: 'reply',
    status,
    headers: headersFromFlat(flat),
    body: bytes,
  })
  switch (chance.below(6)) {
    case 0:
      return reply(headers, body)
    case 1:
      return reply(headers, bentBytes(chance, body))
    case 2:
      return reply(bentHeaders(chance, headers), body)
    case 3:
      return reply(headers, Buffer.from(listText(chance)))
    case 4:
      return reply(
        headers,
        chance.oneIn(8) ? null : Buffer.from(bentJson(chance, Buffer.from(body).toString())),
      )
    default:
      return reply(bentHeaders(chance, headers), bentBytes(chance, body))
  }
}

function genuineList(chance: Chance, seal: Seal): Message {
  return seal.sign(Buffer.from(listText(chance)), {
    serial: chance.oneIn(6) ? text(chance) : chance.pick(SERIALS),
    timestamp: chance.oneIn(8) ? seconds(chance.pick([-301, -299, 299, 301])) : seconds(0),
  })
}

function listText(chance: Chance): string {
  if (chance.oneIn(12)) return stringified(jsonValue(chance))
  const list = { data: Array.from({ length: chance.below(4) }, () => entry(chance)) }
  return stringified(chance.oneIn(3) ? reshaped(chance, list) : list)
}

function entry(chance: Chance): object {
  const pem = chance.oneIn(5)
    ? chance.pick([OTHER_CERTIFICATE, 'no certificate', '', OTHER_CERTIFICATE.slice(0, 300)])
    : chance.pick(PLATFORM_CERTIFICATES)
  const isOurs = !chance.oneIn(8)
  const key = apiV3Key(isOurs ? API_V3_KEY : OTHER_API_V3_KEY)
  const more = { nonce: 'aaaaaaaaaaaa', associated_data: 'certificate' }
  const encrypt_certificate = encryptResource(key, pem, more)
  if (isOurs && pem.includes('END CERTIFICATE')) sealed.set(encrypt_certificate.ciphertext, pem)
  return {
    serial_no: chance.oneIn(8) ? text(chance) : serialOf(pem),
    effective_time: chance.oneIn(8) ? jsonValue(chance, 4) : '2021-04-27T08:55:23+08:00',
    expire_time: chance.oneIn(8) ? jsonValue(chance, 4) : '2031-04-25T08:55:23+08:00',
    encrypt_certificate,
  }
}

const serials = new Map(
  [...PLATFORM_CERTIFICATES, OTHER_CERTIFICATE].map((pem) => [pem, new X509Certificate(pem).serialNumber]),
)

function serialOf(pem: string): string {
  return serials.get(pem) ?? '5F1C72E2A8931B72A2E13AF8DEE92471EB397115'
}

const { wechatpayPublicKey: _, wechatpayPublicKeyId: __, ...WITHOUT_PUBLIC_KEY } = COMMON
const ACCOUNT: CommonAccount = { ...WITHOUT_PUBLIC_KEY, certificates: 'download' }

function openGateway(transport: Transport, onKey: (key: LearntKey) => void): GlobalV3Gateway {
  return globalV3Gateway({
    account: ACCOUNT,
    clock: STILL,
    transport,
    signer: NO_SIGNER,
    nonces: () => 'n',
    onKey,
  })
}
