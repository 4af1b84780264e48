// npx node scripts/config-schema.ts
//
// Writes docs/verdict.config.schema.json from the code. A test tells when that is due.

import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { configSchema } from '../src/service-config.ts'

const FILE = 'docs/verdict.config.schema.json'
writeFileSync(FILE, `${JSON.stringify(configSchema(), null, 2)}\n`)
const biome = ['node_modules/@biomejs/biome/bin/biome', 'format', '--write', FILE]
process.exitCode = spawnSync(process.execPath, biome, { stdio: 'inherit' }).status ?? 1
