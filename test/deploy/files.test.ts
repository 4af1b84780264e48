import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { AS_SHIPPED } from '../../bench/children.ts'
import { CONFIG } from '../../src/service-config/schema.ts'
import { root, textOf } from '../docs/markdown.ts'

/* compose.yaml, the configuration beside it, and verdict.service. */

const folder = join(root, 'deploy')
const configText = textOf('deploy/verdict.config.json')
const config = JSON.parse(configText)

interface Service {
  readonly build?: { readonly context: string; readonly dockerfile: string }
  readonly secrets: readonly string[]
  readonly ports?: readonly string[]
  readonly volumes: readonly string[]
  readonly networks: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly read_only?: boolean
  readonly stop_grace_period: string
}

describe('compose.yaml', () => {
  const compose = parse(textOf('deploy/compose.yaml')) as {
    services: { db: Service; verdict: Service }
    secrets: Record<string, { file: string }>
    networks: Record<string, { internal?: boolean } | null>
    volumes: Record<string, unknown>
  }
  const { db, verdict } = compose.services

  it('builds the Dockerfile that is there', () => {
    const context = join(folder, verdict.build?.context ?? '')
    expect(existsSync(join(context, 'package.json'))).toBe(true)
    expect(existsSync(join(context, verdict.build?.dockerfile ?? ''))).toBe(true)
  })

  it('gives each service the secrets that it reads, and no other', () => {
    const read = [...configText.matchAll(/\/run\/secrets\/(\w+)/g)].map(([, name]) => name)
    expect(verdict.secrets.toSorted()).toEqual(read.toSorted())
    expect(db.environment?.POSTGRES_PASSWORD_FILE).toBe(`/run/secrets/${db.secrets.join()}`)
    expect(Object.keys(compose.secrets).toSorted()).toEqual([...read, ...db.secrets].toSorted())
    expect(textOf('deploy/compose.yaml')).not.toMatch(/POSTGRES_PASSWORD:/)
  })

  it('publishes both ports of the configuration on this machine alone', () => {
    const { port, callbackPort } = config.http
    expect(verdict.ports).toEqual([port, callbackPort].map((one) => `127.0.0.1:${one}:${one}`))
    expect(db.ports).toBeUndefined()
    expect(db.networks.map((name) => compose.networks[name]?.internal)).toEqual([true])
  })

  it('names what it declares', () => {
    for (const { networks } of [db, verdict])
      expect(networks.filter((name) => !(name in compose.networks))).toEqual([])
    expect(db.volumes.map((mount) => mount.split(':')[0])).toEqual(Object.keys(compose.volumes))
  })
})

it('the configuration has the right shape', () => {
  expect(CONFIG.safeParse(config).error).toBeUndefined()
  expect(existsSync(join(folder, config.$schema))).toBe(true)
})

it('the image, the unit and the benchmark start Node alike', () => {
  const words = ['node', ...AS_SHIPPED]
  expect(textOf('deploy/Dockerfile')).toContain(
    `ENTRYPOINT [${words.map((word) => `"${word}"`).join(', ')}, `,
  )
  expect(textOf('deploy/verdict.service')).toContain(`ExecStart=/usr/bin/${words.join(' ')} /opt/`)
})

describe('verdict.service', () => {
  const unit = textOf('deploy/verdict.service')
  const value = (key: string): string => new RegExp(`^${key}=(.*)$`, 'm').exec(unit)?.[1] ?? ''

  it('starts what the package brings', () => {
    const { name, bin } = JSON.parse(textOf('package.json'))
    expect(value('ExecStart')).toContain(`/node_modules/${name}/${bin.verdict} serve --config /`)
    expect(value('ExecReload')).toContain('-HUP')
  })

  it('leaves V8 its compiled code, and the time to end', () => {
    expect(value('MemoryDenyWriteExecute')).toBe('')
    expect(value('TimeoutStopSec')).toBe('60')
  })
})
