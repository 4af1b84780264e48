import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Door, openDoor } from './door.ts'

let door: Door
beforeEach(async () => {
  door = await openDoor(0)
})
afterEach(() => door.close())

const saying = (word: string) => (_: unknown, response: ServerResponse) => void response.end(word)

async function ask(path: string): Promise<{ status: number; text: string }> {
  const reply = await fetch(`http://127.0.0.1:${door.port}${path}`)
  return { status: reply.status, text: await reply.text() }
}

it('sends whoever comes early away, to come again', async () => {
  expect((await ask('/callbacks')).status).toBe(503)
})

it('knows the longest path that fits, whatever was opened first', async () => {
  door.open('/', saying('dashboard'))
  door.open('/callbacks', saying('callbacks'))
  const said = await Promise.all(['/', '/v1/orders', '/callbacks', '/callbacks/1'].map(ask))
  expect(said.map(({ text }) => text)).toEqual(['dashboard', 'dashboard', 'callbacks', 'callbacks'])
})

it('of two rooms at one path the latest is meant', async () => {
  door.open('/callbacks', saying('early'))
  door.open('/callbacks', saying('late'))
  expect((await ask('/callbacks')).text).toBe('late')
})
