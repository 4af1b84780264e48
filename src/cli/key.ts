import { systemClock } from '../clock.ts'
import { shown, VerdictError } from '../errors.ts'
import { KEY_NAME, KEY_NAME_EXPECTED, newApiKey } from '../http/api-keys.ts'
import { readServiceConfig } from '../service-config.ts'
import { API_ROLES, type ApiRole, type Store } from '../store/store.ts'
import type { Io } from './io.ts'
import { openStore } from './open-store.ts'
import { inColumns } from './text.ts'

interface KeyFlags {
  readonly config: string
  readonly json: boolean
}

/** `verdict key add`: prints the key, this once. @throws OPTION_INVALID, STORE_IN_USE */
export async function addKey(
  { name, role, ...flags }: KeyFlags & { readonly name: string; readonly role: string },
  io: Io,
): Promise<void> {
  const known = API_ROLES.find((one) => one === role)
  if (known === undefined) {
    throw new VerdictError('OPTION_INVALID', `--role is ${role}; expected one of ${API_ROLES.join(', ')}`)
  }
  if (!KEY_NAME.test(name)) {
    throw new VerdictError('OPTION_INVALID', `--name is ${shown(name)}; ${KEY_NAME_EXPECTED}`)
  }
  await withStore(flags, io, async (store) => {
    const { text, key } = newApiKey(name, known satisfies ApiRole, systemClock.nowMs())
    await store.keepApiKey(key)
    io.print(flags.json ? JSON.stringify({ id: key.id, name, role, text }) : text)
    io.say(
      `the key ${key.id} of ${name} (${role}) is shown this once; what is stored of it proves it, and is not it`,
    )
  })
}

/** `verdict key list`. */
export async function listKeys(flags: KeyFlags, io: Io): Promise<void> {
  await withStore(flags, io, async (store) => {
    const keys = await store.apiKeys()
    if (flags.json) return io.print(JSON.stringify(keys.map(({ hash: _, ...key }) => key)))
    const moment = (ms: number | null): string => (ms === null ? '' : new Date(ms).toISOString())
    const rows = keys.map(({ id, name, role, createdAtMs, revokedAtMs }) => [
      ...[id, name, role, moment(createdAtMs)],
      revokedAtMs === null ? 'in force' : `revoked ${moment(revokedAtMs)}`,
    ])
    for (const line of inColumns(rows)) io.print(line)
  })
}

/** `verdict key revoke`. @throws OPTION_INVALID for a key that is not in force */
export async function revokeKey({ id, ...flags }: KeyFlags & { readonly id: string }, io: Io): Promise<void> {
  await withStore(flags, io, async (store) => {
    if (!(await store.revokeApiKey(id, systemClock.nowMs())))
      throw new VerdictError('OPTION_INVALID', `the key is ${id}; expected the id of one that is in force`)
    io.print(flags.json ? JSON.stringify({ id, revoked: true }) : `${id} is revoked`)
  })
}

/** SQLite has one owner: beside a running service its API makes keys. */
async function withStore(
  { config: file }: KeyFlags,
  io: Io,
  work: (store: Store) => Promise<void>,
): Promise<void> {
  const { store: name } = await readServiceConfig(file, process.env)
  const store = await openStore(name, io)
  try {
    await work(store)
  } finally {
    await store.close()
  }
}
