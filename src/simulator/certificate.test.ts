import { execFileSync } from 'node:child_process'
import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { selfSigned } from './certificate.ts'

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const fromMs = Date.UTC(2026, 5, 8, 2, 0, 0)

function certificate(toMs = Date.UTC(2031, 5, 8)): string {
  return selfSigned(privateKey, { commonName: '1900000001', organization: 'Tea & Söhne', fromMs, toMs })
}

it('node reads the certificate: key, names, validity and serial number', () => {
  const read = new X509Certificate(certificate())
  expect(read.verify(createPublicKey(privateKey))).toBe(true)
  expect(read.publicKey.equals(createPublicKey(privateKey))).toBe(true)
  expect(read.subject).toBe('O=Tea & Söhne\nCN=1900000001')
  expect(read.issuer).toBe(read.subject)
  expect(Date.parse(read.validFrom)).toBe(fromMs)
  expect(read.serialNumber).toMatch(/^[4-7][0-9A-F]{39}$/)
})

it('another key did not sign it', () => {
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey
  expect(new X509Certificate(certificate()).verify(other)).toBe(false)
})

it('a validity beyond 2049 is written with four digits of the year', () => {
  const toMs = Date.UTC(2055, 0, 2, 3, 4, 5)
  expect(Date.parse(new X509Certificate(certificate(toMs)).validTo)).toBe(toMs)
})

it.skipIf(!hasOpenssl())('openssl accepts it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'verdict-certificate-'))
  const file = join(folder, 'certificate.pem')
  writeFileSync(file, certificate())
  const args = ['verify', '-attime', String(fromMs / 1000 + 60), '-CAfile', file, file]
  expect(execFileSync('openssl', args, { encoding: 'utf8' })).toContain('OK')
  rmSync(folder, { recursive: true })
})

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'])
    return true
  } catch {
    return false
  }
}
