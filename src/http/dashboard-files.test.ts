import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import Fastify, { type FastifyInstance } from 'fastify'
import { beforeAll, describe, expect, it } from 'vitest'
import { serveDashboard } from './dashboard-files.ts'

const root = join(import.meta.dirname, '..', '..')
let app: FastifyInstance
let page: string

beforeAll(async () => {
  const script = join(root, 'scripts', 'dashboard.mjs')
  await promisify(execFile)(process.execPath, [script, '--if-older'], { cwd: root })
  app = Fastify()
  serveDashboard(app)
  page = (await app.inject('/')).body
})

describe("the dashboard's files", () => {
  it('are a page with a policy that lets in no script but its own', async () => {
    const { statusCode, headers } = await app.inject('/')
    expect(statusCode).toBe(200)
    expect(headers['content-type']).toBe('text/html; charset=utf-8')
    expect(headers['content-security-policy']).toContain("script-src 'self';")
    expect(headers['content-security-policy']).not.toContain('unsafe')
  })

  it('hold nothing that this policy forbids, and ask no other host', () => {
    expect(page).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/)
    expect(page).not.toMatch(/(?:src|href)="(?:https?:)?\/\//)
  })

  it('are kept by browsers for ever where their name holds a hash', async () => {
    const assets = [...page.matchAll(/"\.\/(assets\/[^"]+)"/g)].map(([, path]) => path)
    expect(assets.length).toBeGreaterThanOrEqual(3)
    for (const path of assets) {
      const { statusCode, headers } = await app.inject(`/${path}`)
      expect([path, statusCode]).toEqual([path, 200])
      expect(headers['cache-control']).toContain('immutable')
      expect(headers['content-type']).toMatch(/^(?:text\/(?:javascript|css)|image\/svg)/)
    }
  })

  it('travel compressed to whoever takes that, and are the same', async () => {
    const { rawPayload, headers } = await app.inject({ url: '/', headers: { 'accept-encoding': 'br, gzip' } })
    expect(headers['content-encoding']).toBe('gzip')
    expect(gunzipSync(rawPayload).toString()).toBe(page)
  })

  it.each(['/assets/index.html', '/assets/..%2findex.html', '/assets/..%2f..%2fpackage.json'])(
    'are all: there is no %s',
    async (url) => {
      expect((await app.inject(url)).statusCode).not.toBe(200)
    },
  )
})
