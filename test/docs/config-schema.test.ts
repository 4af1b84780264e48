import { expect, it } from 'vitest'
import { configSchema } from '../../src/service-config.ts'
import { textOf } from './markdown.ts'

it('docs/verdict.config.schema.json is what the code says; else run: npx node scripts/config-schema.ts', () => {
  expect(JSON.parse(textOf('docs/verdict.config.schema.json'))).toEqual(configSchema())
})
