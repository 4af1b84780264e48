/**
 * The process under load. With a place: the service as `verdict serve` runs it, on this store. Without: fastify with one
 * empty route, which is what the machine can do at all. argv: ServedSettings. Says { port } when it serves, its CPU time
 * on `cpu`, and ends on `close`.
 */
import { readFileSync } from 'node:fs'
import Fastify from 'fastify'
import { pino } from 'pino'
import { Service } from '../../src/http/service.ts'
import { settingsOfChild } from '../children.ts'
import { publicKeyOf } from '../keys.ts'
import { type BenchKeys, EVERY_FOUR_SECONDS, MCHID } from '../measured.ts'
import { openStore, type StorePlace } from '../stores.ts'

export interface ServedSettings {
  readonly place: StorePlace | null
  readonly keys: BenchKeys
  readonly apiV3Key: string
}

interface Serving {
  readonly port: number
  close(): Promise<unknown>
}

const { place, keys, apiV3Key } = settingsOfChild<ServedSettings>()
const { port, close } = place === null ? await emptyRoute() : await service(place)

async function emptyRoute(): Promise<Serving> {
  const app = Fastify()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body))
  app.post('/callbacks/:account', async (_, reply) => reply.code(204).send())
  await app.listen({ host: '127.0.0.1', port: 0 })
  const address = app.server.address()
  return { port: typeof address === 'object' ? (address?.port ?? 0) : 0, close: () => app.close() }
}

async function service(place: StorePlace): Promise<Serving> {
  const store = await openStore(place)
  const service = await Service.open({
    store,
    version: '0.0.0',
    logger: pino({ level: 'warn' }, process.stderr),
    config: {
      ...{ file: '', store: '', publicUrl: null, reconcileAt: null, webhooks: [] },
      http: {
        ...{ host: '127.0.0.1', port: 0, callbackPort: null, callbackHost: '127.0.0.1', trustedProxies: [] },
      },
      accounts: [
        {
          ...{ mode: 'common', mchid: MCHID, appid: 'wx0123456789abcdef', apiV3Key },
          serial_no: '5F1C72E2A8931B72A2E13AF8DEE92471EB397115',
          merchantPrivateKey: readFileSync(keys.merchantFile, 'utf8'),
          wechatpayPublicKeyId: keys.serial,
          wechatpayPublicKey: String(publicKeyOf(keys.wechatpayFile).export({ type: 'spki', format: 'pem' })),
          // Nobody is there, and nobody is asked: no order is due.
          baseUrl: 'http://127.0.0.1:9',
          policies: { native: EVERY_FOUR_SECONDS },
        },
      ],
    },
  })
  const close = async (): Promise<void> => {
    await service.close()
    await store.close()
  }
  return { port: Number(new URL(service.addresses[0] ?? '').port), close }
}

process.on('message', async (word) => {
  if (word === 'cpu') return process.send?.(process.cpuUsage())
  await close()
  process.send?.('closed')
})
process.on('disconnect', () => process.exit())
process.send?.({ port })
