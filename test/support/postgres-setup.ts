import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestProject } from 'vitest/node'
import { type OwnServer, startOwnServer } from '../../src/store/postgres/own-server.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Answers with the URL of a PostgreSQL superuser. */
    postgresDesk: string
  }
}

/** A crash of the machine loses these databases, and nobody minds: what tests kill are processes. */
const SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  shared_buffers: '32MB',
  max_connections: '100',
}

/**
 * One PostgreSQL server for the whole run, started when the first test asks for it; tests run in other processes, so
 * they ask over HTTP. VERDICT_TEST_POSTGRES, the URL of a superuser, names a server to use instead.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let starting: Promise<OwnServer> | null = null
  const url = async (): Promise<string> => {
    const given = process.env.VERDICT_TEST_POSTGRES
    if (given) return given
    starting ??= startOwnServer({ settings: SETTINGS })
    return (await starting).url
  }

  // A superuser may run programs: the path is a secret, for the machine may have other users.
  const path = `/${randomUUID()}`
  const desk = createServer((request, response) => {
    if (request.url !== path) return response.writeHead(404).end()
    return url().then(
      (text) => response.end(text),
      (error: Error) => response.writeHead(500).end(error.message),
    )
  })
  desk.listen(0, '127.0.0.1').unref()
  await once(desk, 'listening')
  project.provide('postgresDesk', `http://127.0.0.1:${(desk.address() as AddressInfo).port}${path}`)

  return async () => {
    desk.closeAllConnections()
    desk.close()
    // If it did not start, the tests have said so.
    const server = await starting?.catch(() => null)
    await server?.stop()
  }
}
