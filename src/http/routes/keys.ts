import { z } from 'zod'
import { VerdictError } from '../../errors.ts'
import { API_ROLES, type ApiKey } from '../../store/store.ts'
import { type ApiKeys, KEY_NAME, KEY_NAME_EXPECTED, newApiKey } from '../api-keys.ts'
import type { Desk } from '../desk.ts'
import { type Route, route } from '../route.ts'

const moment = z.string().meta({ format: 'date-time' })
const KeyName = z.string().regex(KEY_NAME, KEY_NAME_EXPECTED)
const ApiKeyView = z
  .object({
    id: z.string(),
    name: z.string(),
    role: z.enum(API_ROLES),
    createdAt: moment,
    revokedAt: moment.nullable(),
  })
  .meta({ id: 'ApiKey' })

export function keyRoutes({ store, clock }: Desk, keys: Pick<ApiKeys, 'readAgain'>): readonly Route[] {
  const tag = 'keys'
  return [
    route({
      method: 'GET',
      path: '/v1/keys',
      role: 'admin',
      tag,
      summary: 'List API keys',
      reply: z.object({ data: z.array(ApiKeyView) }).meta({ id: 'ApiKeys' }),
      handle: async () => ({ data: (await store.apiKeys()).map(apiKeyView) }),
    }),
    route({
      method: 'POST',
      path: '/v1/keys',
      role: 'admin',
      tag,
      summary: 'Make an API key',
      description: 'Its text is shown this once.',
      body: z.strictObject({ name: KeyName, role: z.enum(API_ROLES) }),
      reply: z.object({ key: ApiKeyView, text: z.string() }).meta({ id: 'NewApiKey' }),
      status: 201,
      async handle({ body: { name, role } }) {
        const { text, key } = newApiKey(name, role, clock.nowMs())
        await store.keepApiKey(key)
        keys.readAgain()
        return { key: apiKeyView(key), text }
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/keys/{id}',
      role: 'admin',
      tag,
      summary: 'Revoke an API key',
      description: 'This process no longer takes it; within five seconds no other does.',
      params: z.strictObject({ id: z.string().regex(/^[0-9a-f]{12}$/, 'expected the id of a key') }),
      reply: z.object({ revoked: z.literal(true) }).meta({ id: 'RevokedApiKey' }),
      async handle({ params: { id } }) {
        if (!(await store.revokeApiKey(id, clock.nowMs())))
          throw new VerdictError('ROUTE_UNKNOWN', `there is no key ${id} that is in force`)
        keys.readAgain()
        return { revoked: true as const }
      },
    }),
  ]
}

function apiKeyView({ id, name, role, createdAtMs, revokedAtMs }: ApiKey): z.input<typeof ApiKeyView> {
  return {
    ...{ id, name, role },
    createdAt: new Date(createdAtMs).toISOString(),
    revokedAt: revokedAtMs === null ? null : new Date(revokedAtMs).toISOString(),
  }
}
