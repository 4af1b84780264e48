import { chmodSync, existsSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { nobodyIn, runnablePrograms, serverUser, temporaryFolder } from './own-programs.ts'

const NEEDS_ITS_LINK = '#!/bin/sh\ntest -r "$(dirname "$0")/../lib/libpq.so.5"\n'
const LINKS = [{ source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' }]
const isRoot = serverUser() !== null

function newFolder(): string {
  const folder = mkdtempSync(join(temporaryFolder(serverUser()), 'own-programs-test-'))
  chmodSync(folder, 0o755)
  onTestFinished(() => {
    chmodSync(folder, 0o755)
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

/** A package as npm unpacks it, with programs that run if their library's link is there. */
function unpacked(folder: string, program = NEEDS_ITS_LINK): string {
  const native = join(folder, 'native')
  for (const part of ['bin', 'lib']) mkdirSync(join(native, part), { recursive: true })
  for (const name of ['postgres', 'initdb'])
    writeFileSync(join(native, 'bin', name), program, { mode: 0o755 })
  writeFileSync(join(native, 'lib', 'libpq.so.5.18'), '')
  writeFileSync(join(native, 'pg-symlinks.json'), JSON.stringify(LINKS))
  return native
}

describe.skipIf(process.platform === 'win32')('the programs', () => {
  it('get the links that an install script would have made', async () => {
    const native = unpacked(newFolder())
    const scratch = newFolder()
    expect(await runnablePrograms(native, serverUser(), scratch)).toBe(native)
    expect(readlinkSync(join(native, 'lib', 'libpq.so.5'))).toBe('libpq.so.5.18')
    expect(existsSync(join(scratch, 'native'))).toBe(false)
  })

  it.runIf(isRoot)('are copied where only root gets to them', async () => {
    const home = newFolder()
    const native = unpacked(home)
    chmodSync(join(native, 'lib', 'libpq.so.5.18'), 0o600)
    chmodSync(home, 0o700)
    const scratch = newFolder()
    expect(await runnablePrograms(native, serverUser(), scratch)).toBe(join(scratch, 'native'))
  })

  it.skipIf(isRoot)('are copied where their links are missing and the folder is read-only', async () => {
    const native = unpacked(newFolder())
    chmodSync(join(native, 'lib'), 0o555)
    const scratch = newFolder()
    expect(await runnablePrograms(native, null, scratch)).toBe(join(scratch, 'native'))
    chmodSync(join(native, 'lib'), 0o755)
  })

  it('that do not run on this machine are no programs', async () => {
    const native = unpacked(newFolder(), '#!/bin/sh\necho wrong machine >&2\nexit 1\n')
    await expect(runnablePrograms(native, serverUser(), newFolder())).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      message: expect.stringContaining('(wrong machine): give the URL of a server'),
    })
  })
})

describe('the user that a server of root runs as', () => {
  const root = 'root:x:0:0:root:/root:/bin/sh'
  const daemon = 'daemon:x:1:2:daemon:/:/bin/false'

  it.each([
    ['nobody', [root, daemon, 'nobody:x:99:98:Nobody:/:/sbin/nologin'], { uid: 99, gid: 98 }],
    ['else the first that is not root', [root, daemon], { uid: 1, gid: 2 }],
    ['else the usual number', [root], { uid: 65_534, gid: 65_534 }],
  ])('is %s', (_, lines, user) => {
    expect(nobodyIn(`${lines.join('\n')}\n`)).toEqual(user)
  })

  it('gets to its temporary folder', () => {
    expect(temporaryFolder(null)).toBe(tmpdir())
    const before = process.env.TMPDIR
    onTestFinished(() => {
      if (before === undefined) delete process.env.TMPDIR
      else process.env.TMPDIR = before
    })
    const closed = newFolder()
    chmodSync(closed, 0o700)
    process.env.TMPDIR = closed
    expect(temporaryFolder({ uid: 99, gid: 99 })).not.toBe(closed)
  })
})
