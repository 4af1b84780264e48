import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { VerdictError } from '../errors.ts'

/** Nothing from another host, nothing written into the page itself, and nobody may frame it. */
const PAGE_POLICY = [
  "default-src 'none'",
  ...[
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
  ],
  ...["frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"],
].join('; ')

/** The hash in its name changes with the content. */
const FOR_EVER = 'public, max-age=31536000, immutable'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

interface PageFile {
  readonly type: string
  readonly bytes: Buffer
  readonly zipped: Buffer
}

/** dist/dashboard of the package; this file runs from src/http/ in a clone, and from dist/http/ in the package. */
const FOLDERS = [
  join(import.meta.dirname, '..', '..', 'dist', 'dashboard'),
  join(import.meta.dirname, '..', 'dashboard'),
]

/**
 * The dashboard at `/`. Its files are kept in memory from the first request on: a build beside a running service takes
 * nothing from the pages that it has given out.
 */
export function serveDashboard(app: FastifyInstance): void {
  let files: ReadonlyMap<string, PageFile> | null = null
  const fileOf = (name: string): PageFile | undefined => {
    files ??= filesIn(FOLDERS.find((folder) => existsSync(join(folder, 'index.html'))))
    return files?.get(name)
  }
  // Before the first request of a page there may be many of it: no line in the log for each.
  const quiet = { logLevel: 'warn' } as const
  app.get('/', quiet, async (request, reply) => {
    const page = fileOf('index.html')
    if (page === undefined) throw new VerdictError('ROUTE_UNKNOWN', NOT_BUILT)
    return send(reply.header('content-security-policy', PAGE_POLICY), request, page)
  })
  app.get<{ Params: { name: string } }>('/assets/:name', quiet, async (request, reply) => {
    const file = fileOf(`assets/${request.params.name}`)
    if (file === undefined) throw new VerdictError('ROUTE_UNKNOWN', 'the dashboard has no such file')
    return send(reply.header('cache-control', FOR_EVER), request, file)
  })
}

const NOT_BUILT = 'the dashboard is not built here; in a clone of Verdict run: npm run build:dashboard'

function send(reply: FastifyReply, request: FastifyRequest, { type, bytes, zipped }: PageFile): Buffer {
  reply.type(type).header('vary', 'accept-encoding')
  if (!/\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) return bytes
  reply.header('content-encoding', 'gzip')
  return zipped
}

/** Of names that the build made, so that none leads out of the folder. Null where there is none: it may come. */
function filesIn(folder: string | undefined): ReadonlyMap<string, PageFile> | null {
  if (folder === undefined) return null
  const names = ['index.html', ...readdirSync(join(folder, 'assets')).map((name) => `assets/${name}`)]
  return new Map(
    names.map((name) => {
      const bytes = readFileSync(join(folder, name))
      const type = TYPES[extname(name)] ?? 'application/octet-stream'
      return [name, { type, bytes, zipped: gzipSync(bytes) }]
    }),
  )
}
