import { z } from 'zod'
import type { Route } from './route.ts'
import { CSRF_HEADER, PLAIN_COOKIE, TLS_COOKIE } from './sessions.ts'

const PROBLEM = {
  type: 'object',
  required: ['type', 'code', 'status', 'detail', 'instance'],
  properties: {
    type: { type: 'string', format: 'uri-reference' },
    code: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    instance: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['pointer', 'detail'],
        properties: { pointer: { type: 'string' }, detail: { type: 'string' } },
      },
    },
  },
} as const

const KEY_HEADER = {
  name: 'Idempotency-Key',
  in: 'header',
  description: 'The same key is the same request, however often it is sent; with another body it is refused.',
  schema: { type: 'string', minLength: 1, maxLength: 128 },
} as const

/** OpenAPI 3.1 of the routes, from the very schemas that check them. */
export function openApiOf(routes: readonly Route[], version: string): object {
  const schemas: Record<string, unknown> = { Problem: PROBLEM }
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) {
    const methods = paths[route.path] ?? {}
    paths[route.path] = methods
    methods[route.method.toLowerCase()] = operationOf(route, schemas)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Verdict',
      version,
      description: 'Gives every WeChat Pay order its true final status, and keeps the proof.',
    },
    security: [{ key: [] }, { session: [] }],
    paths,
    components: {
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'A key of `verdict key`.' },
        session: {
          ...{ type: 'apiKey', in: 'cookie', name: TLS_COOKIE },
          description: `Of POST /v1/session, without TLS named ${PLAIN_COOKIE}; with everything but GET goes the header ${CSRF_HEADER}.`,
        },
      },
      schemas,
    },
  }
}

function operationOf(route: Route, schemas: Record<string, unknown>): object {
  const {
    method,
    path,
    tag,
    role,
    summary,
    description,
    params,
    query,
    body,
    reply,
    status,
    creates,
    produces,
  } = route
  const problem = {
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  }
  return {
    operationId: operationIdOf(method, path),
    tags: [tag],
    summary,
    ...(role === null && { security: [] }),
    description: [description, role === null ? 'Needs no key.' : `Needs a key of the role \`${role}\`.`]
      .filter(Boolean)
      .join(' '),
    parameters: [
      ...parametersOf(params, 'path', schemas),
      ...parametersOf(query, 'query', schemas),
      ...(creates === false ? [] : [{ ...KEY_HEADER, required: creates === 'with-key' }]),
    ],
    ...(body !== null && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: schemaOf(body, 'input', schemas) } },
      },
    }),
    responses: {
      [status]: {
        description: 'Done',
        ...(status !== 204 && {
          content: { [produces]: { schema: schemaOf(reply, 'output', schemas) } },
        }),
      },
      default: { description: 'Refused, or failed: RFC 9457', ...problem },
    },
  }
}

function operationIdOf(method: string, path: string): string {
  const words = path.replace('/v1/', '').replaceAll(/[{}]/g, '').split(/[/-]/)
  return [method.toLowerCase(), ...words.map((word) => word.charAt(0).toUpperCase() + word.slice(1))].join('')
}

function parametersOf(
  schema: z.ZodType,
  where: 'path' | 'query',
  schemas: Record<string, unknown>,
): readonly object[] {
  const { properties = {}, required = [] } = schemaOf(schema, 'input', schemas) as {
    properties?: Record<string, object>
    required?: readonly string[]
  }
  return Object.entries(properties).map(([name, one]) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    schema: one,
  }))
}

/** What has an id of its own goes to the components, once. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output', schemas: Record<string, unknown>): unknown {
  const {
    $schema: _,
    $defs = {},
    ...json
  } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io,
    unrepresentable: 'any',
    reused: 'inline',
  }) as { $schema?: string; $defs?: Record<string, unknown>; id?: string }
  const moved = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value).replaceAll('"#/$defs/', '"#/components/schemas/'))
  for (const [name, definition] of Object.entries($defs)) schemas[name] ??= withoutId(moved(definition))
  if (json.id === undefined) return moved(json)
  schemas[json.id] ??= withoutId(moved(json))
  return { $ref: `#/components/schemas/${json.id}` }
}

function withoutId(schema: unknown): unknown {
  const { id: _, ...rest } = schema as { id?: string }
  return rest
}
