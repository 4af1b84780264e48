import { createServer } from 'node:https'
import { Readable } from 'node:stream'
import fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { callbackContract } from './contract.ts'
import { fastifyCallbacks } from './fastify.ts'
import { FAIL, recorder, type Served, send, served } from './testing.ts'

async function listening(app: FastifyInstance): Promise<Served> {
  await app.ready()
  return await served(app.server)
}

callbackContract('fastify', {
  open: (answer, options) =>
    listening(fastify().register(fastifyCallbacks(answer, options)) as FastifyInstance),
  clock: () => new VirtualClock(),
})

const JSON_POST = { method: 'POST', headers: { 'content-type': 'application/json' } } as const

/** An app that says at `/shop` what Fastify made of a body. */
function shop(options = {}): FastifyInstance {
  const app = fastify(options)
  app.post('/shop', async ({ body }) => ({ body }))
  return app
}

it.each(['', 'json', 'text', 'application/json, application/json'])(
  'a callback of the content type %j, which is none, is read like any',
  async (type) => {
    const { answer, seen } = recorder()
    const app = fastify()
    app.register(fastifyCallbacks(answer))
    const headers = { 'content-type': type }
    await app.inject({ method: 'POST', url: '/callbacks', headers, payload: ' {"a": 1}' })
    expect(seen.map(({ body }) => Buffer.from(body).toString())).toEqual([' {"a": 1}'])
  },
)

describe('the rest of the app', () => {
  it('parses JSON as ever, in routes from before and after', async () => {
    const app = shop()
    app.register(fastifyCallbacks(recorder().answer))
    app.post('/later', async ({ body }) => ({ body }))
    for (const url of ['/shop', '/later']) {
      const reply = await app.inject({ ...JSON_POST, url, payload: ' {"a": 1}' })
      expect(reply.json()).toEqual({ body: { a: 1 } })
      expect(await app.inject({ ...JSON_POST, url, payload: '{' })).toMatchObject({ statusCode: 400 })
      expect(
        await app.inject({ method: 'POST', url, headers: { 'content-type': 'image/png' }, payload: 'a' }),
      ).toMatchObject({ statusCode: 415 })
    }
  })

  it('would lose its JSON if the plugin were not encapsulated', async () => {
    const app = shop()
    const plugin = fastifyCallbacks(recorder().answer)
    app.register(Object.assign(plugin, { [Symbol.for('skip-override')]: true }))
    app.post('/later', async ({ body }) => ({ body }))
    const reply = await app.inject({ ...JSON_POST, url: '/later', payload: '{"a": 1}' })
    expect(reply.json()).not.toEqual({ body: { a: 1 } })
  })

  it('may have a parser for everything, another limit, and its own errors', async () => {
    const { seen, answer } = recorder(FAIL)
    const app = shop({ bodyLimit: 5 })
    app.addContentTypeParser('*', (_request, _payload, done) => done(null, 'theirs'))
    app.setErrorHandler((_error, _request, reply) => reply.code(418).send())
    app.register(fastifyCallbacks(answer))
    const payload = '{"long": "enough"}'
    expect(await app.inject({ ...JSON_POST, url: '/callbacks', payload })).toMatchObject({
      statusCode: 401,
      body: FAIL.body,
    })
    expect(await app.inject({ ...JSON_POST, url: '/shop', payload })).toMatchObject({ statusCode: 418 })
    expect(seen).toHaveLength(1)
  })
})

describe('hooks of the app', () => {
  it('may take their time without losing a byte, and hear the end', async () => {
    const { seen, answer } = recorder()
    const ended: number[] = []
    const app = shop()
    for (const hook of ['onRequest', 'preValidation', 'preHandler'] as const) {
      app.addHook(hook, async () => await new Promise((resolve) => setTimeout(resolve, 5)))
    }
    app.addHook('onResponse', async (_request, { raw }) => void ended.push(raw.statusCode))
    app.register(fastifyCallbacks(answer))
    const { port, close } = await listening(app)
    expect(await send(port, { body: '{ }' })).toMatchObject({ status: 204 })
    await close()
    expect(seen.map(({ body }) => Buffer.from(body).toString())).toEqual(['{ }'])
    expect(ended).toEqual([204])
  })

  it('may hand the body on in another stream', async () => {
    const { seen, answer } = recorder()
    const app = shop()
    app.addHook('preParsing', async (_request, _reply, payload) =>
      Readable.from(payload, { objectMode: false }),
    )
    app.register(fastifyCallbacks(answer))
    const { port, close } = await listening(app)
    expect(await send(port, { body: '{ }' })).toMatchObject({ status: 204 })
    await close()
    expect(seen.map(({ body }) => Buffer.from(body).toString())).toEqual(['{ }'])
  })

  it('leave nobody waiting if that stream breaks', async () => {
    const app = shop()
    const broken = (): Readable =>
      new Readable({
        read() {
          this.destroy(new Error('broken'))
        },
      })
    app.addHook('preParsing', async () => broken())
    app.register(fastifyCallbacks(recorder().answer))
    const { port, close } = await listening(app)
    await expect(send(port)).rejects.toThrow('socket hang up')
    await close()
  })
})

describe('the place', () => {
  it.each([
    [{}, {}, '/callbacks'],
    [{ path: '/callbacks/1900000001' }, {}, '/callbacks/1900000001'],
    [{ path: '/1900000001' }, { prefix: '/wechat' }, '/wechat/1900000001'],
  ])('is %o with %o at %s, and only there', async (options, registered, url) => {
    const app = shop()
    app.register(fastifyCallbacks(recorder().answer, options), registered)
    expect(await app.inject({ ...JSON_POST, url, payload: '{}' })).toMatchObject({ statusCode: 204 })
    expect(await app.inject({ ...JSON_POST, url: `${url}/b`, payload: '{}' })).toMatchObject({
      statusCode: 404,
    })
    expect(await app.inject({ method: 'GET', url })).toMatchObject({ statusCode: 404 })
  })

  it('may be several, for several accounts', async () => {
    const [first, second] = [recorder(), recorder(FAIL)]
    const app = shop()
    app.register(fastifyCallbacks(first.answer, { path: '/a' }))
    app.register(fastifyCallbacks(second.answer, { path: '/b' }))
    expect(await app.inject({ ...JSON_POST, url: '/a', payload: '{}' })).toMatchObject({ statusCode: 204 })
    expect(await app.inject({ ...JSON_POST, url: '/b', payload: '{}' })).toMatchObject({ statusCode: 401 })
    expect([first.seen.length, second.seen.length]).toEqual([1, 1])
  })
})

it('fits the types of every kind of app, as they are', async () => {
  const plugin = fastifyCallbacks(recorder().answer)
  const apps = [
    () => fastify().register(plugin),
    () => fastify({ logger: { level: 'silent' } }).register(plugin, { prefix: '/a' }),
    () => fastify({ https: {} }).register(plugin),
    () => fastify({ serverFactory: (handler) => createServer(handler) }).register(plugin),
  ]
  for (const app of apps) await app().ready()
  // @ts-expect-error Not everything fits.
  const wrong = (): unknown => fastify().register((app: { nothing: string }) => app.nothing)
  expect(wrong).toBeDefined()
})
