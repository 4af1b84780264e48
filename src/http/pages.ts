import { z } from 'zod'
import { ERRORS } from '../errors.ts'
import type { Route } from './route.ts'

/** The reference for people, made from the routes: no script, no request to anywhere else. */
export function referencePage(routes: readonly Route[], version: string): string {
  const tags = [...new Set(routes.map(({ tag }) => tag))]
  const sections = tags.map((tag) => {
    const own = routes.filter((route) => route.tag === tag)
    return `<h2>${escaped(tag)}</h2>${own.map(operation).join('')}`
  })
  return page(
    'Verdict: the HTTP API',
    `<p>Version ${escaped(version)}. Machines read <a href="/openapi.json">/openapi.json</a>; errors are explained
    <a href="/docs/errors">here</a>. Every request needs <code>Authorization: Bearer vk_…</code>.</p>${sections.join('')}`,
  )
}

export function errorsPage(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { status }]) => `<tr id="${code}"><td><code>${code}</code></td><td>${status}</td></tr>`,
  )
  return page(
    'Verdict: error codes',
    `<p>What each means, and what to do, is in docs/errors.md of the package.</p>
    <table><tr><th>code</th><th>status</th></tr>${rows.join('')}</table>`,
  )
}

function operation({
  method,
  path,
  summary,
  description = '',
  role,
  query,
  body,
  reply,
  status,
}: Route): string {
  return `<section><h3><code>${method} ${escaped(path)}</code></h3><p>${escaped(summary)}. ${escaped(description)}
  ${role === null ? 'Needs no key.' : `Needs the role <b>${role}</b>.`}</p>${part('Query', query)}${body === null ? '' : part('Body', body)}
  ${part(`Answer ${status}`, reply)}</section>`
}

function part(title: string, schema: z.ZodType): string {
  const json = z.toJSONSchema(schema, { unrepresentable: 'any', io: title === 'Body' ? 'input' : 'output' })
  if (Object.keys((json as { properties?: object }).properties ?? {}).length === 0) return ''
  return `<details><summary>${title}</summary><pre>${escaped(JSON.stringify(json, null, 2))}</pre></details>`
}

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title><style>
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}
pre{overflow:auto;font-size:13px}td,th{text-align:left;padding:.2rem 1rem .2rem 0}h3{margin-bottom:.2rem}
</style></head><body><h1>${escaped(title)}</h1>${body}</body></html>`
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
