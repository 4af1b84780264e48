import { expect, it } from 'vitest'
import { missing } from './lock-file.mjs'

const LINUX = { os: 'linux', cpu: 'x64', libc: 'glibc' }
const zod = { version: '4.6.7', integrity: 'sha512-a' }
const fsevents = { version: '2.3.3', optional: true, os: ['darwin'] }
const binding = { version: '1.0.0', optional: true, os: ['linux'], cpu: ['x64'], libc: ['glibc'] }

it('asks for nothing when every package has its version', () => {
  expect(missing({ '': {}, 'node_modules/zod': zod }, { 'node_modules/zod': zod }, LINUX)).toEqual([])
})

it('asks for what is absent, has another version or other contents', () => {
  const wanted = { 'node_modules/zod': zod }
  const older = { version: '4.6.6', integrity: 'sha512-a' }
  const changed = { version: '4.6.7', integrity: 'sha512-b' }
  expect(missing(wanted, {}, LINUX)).toEqual(['node_modules/zod'])
  expect(missing(wanted, { 'node_modules/zod': older }, LINUX)).toEqual(['node_modules/zod'])
  expect(missing(wanted, { 'node_modules/zod': changed }, LINUX)).toEqual(['node_modules/zod'])
})

it('misses an optional package only on the platform that it is made for', () => {
  const wanted = { 'node_modules/fsevents': fsevents, 'node_modules/binding': binding }
  expect(missing(wanted, {}, LINUX)).toEqual(['node_modules/binding'])
  expect(missing(wanted, {}, { ...LINUX, libc: 'musl' })).toEqual([])
  expect(missing(wanted, {}, { os: 'darwin', cpu: 'arm64', libc: undefined })).toEqual([
    'node_modules/fsevents',
  ])
})

it('understands a platform that is excluded', () => {
  const wanted = { 'node_modules/x': { version: '1.0.0', optional: true, os: ['!win32'] } }
  expect(missing(wanted, {}, LINUX)).toEqual(['node_modules/x'])
  expect(missing(wanted, {}, { ...LINUX, os: 'win32' })).toEqual([])
})
