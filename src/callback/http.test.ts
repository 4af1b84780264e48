import type { IncomingMessage } from 'node:http'
import { PassThrough, type Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { bodyKept, CALLBACK_BYTES_MAX, CALLBACK_READ_MS_MAX, readBody, refusal } from './http.ts'

const REQUEST = { method: 'POST', headers: {} } as IncomingMessage
const TOO_LARGE = { kind: 'refused', reply: { status: 413 } }

async function reading(stream: Readable, request = REQUEST) {
  const clock = new VirtualClock()
  const read = readBody(request, clock, stream)
  await clock.advance(0)
  return { read, clock }
}

describe('a body', () => {
  it.each([
    [0, 'read'],
    [1, 'read'],
    [CALLBACK_BYTES_MAX, 'read'],
    [CALLBACK_BYTES_MAX + 1, 'refused'],
  ])('of %i bytes is %s, and the clock has nothing left to do', async (bytes, kind) => {
    const stream = new PassThrough()
    const { read, clock } = await reading(stream)
    stream.end('a'.repeat(bytes))
    expect(await read).toMatchObject({ kind })
    expect(clock.timers).toBe(0)
    expect(bodyKept(REQUEST, Buffer.alloc(bytes))).toMatchObject({ kind })
  })

  it('has its time as a whole, however often something comes', async () => {
    const stream = new PassThrough()
    const { read, clock } = await reading(stream)
    for (let ms = 0; ms < CALLBACK_READ_MS_MAX; ms += 1_000) {
      stream.write('a')
      await clock.advance(1_000)
    }
    expect(await read).toMatchObject({ kind: 'refused', reply: { status: 408 } })
  })

  it('that is refused leaves the stream open, for an answer to be sent', async () => {
    const stream = new PassThrough()
    const { read } = await reading(stream)
    stream.write('a'.repeat(CALLBACK_BYTES_MAX + 1))
    expect(await read).toMatchObject(TOO_LARGE)
    expect(stream.destroyed).toBe(false)
  })

  it('that is announced as too large is not waited for', async () => {
    const announcing = (bytes: number): IncomingMessage =>
      ({ ...REQUEST, headers: { 'content-length': String(bytes) } }) as IncomingMessage
    const { read, clock } = await reading(new PassThrough(), announcing(CALLBACK_BYTES_MAX + 1))
    expect(await read).toMatchObject(TOO_LARGE)
    expect(clock.timers).toBe(0)
    expect((await reading(new PassThrough(), announcing(CALLBACK_BYTES_MAX))).clock.timers).toBe(1)
  })

  it.each([['before'], ['after']])('whose stream breaks %s the reading begins is aborted', async (when) => {
    const stream = new PassThrough().on('error', () => {})
    const broken = new Error('broken')
    if (when === 'before') stream.destroy(broken)
    const { read, clock } = await reading(stream)
    stream.destroy(broken)
    expect(await read).toEqual({ kind: 'aborted' })
    expect(clock.timers).toBe(0)
  })
})

it("a refusal has WeChat Pay's form, whatever it says", () => {
  const { status, body } = refusal(401, 'not "signed"')
  expect([status, JSON.parse(body)]).toEqual([401, { code: 'FAIL', message: 'not "signed"' }])
})
