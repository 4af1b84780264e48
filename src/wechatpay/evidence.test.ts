import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { PUBLIC_KEY_ID, pemOf, signedReply, stranger, wechatpay } from '../../test/support/wechatpay.ts'
import type { Evidence } from '../core/outcome.ts'
import { checkEvidence, signedMessage, verifiedEvidence } from './evidence.ts'
import { verifySigned } from './reply-signature.ts'

const NOW_MS = 1_781_000_000_000
const publicKey = pemOf(wechatpay.publicKey)

function evidenceOf(body: string): Evidence {
  const reply = signedReply({ status: 200, body, nowMs: NOW_MS })
  const verification = verifySigned({ ...reply, body: Buffer.from(body) }, NOW_MS, () => wechatpay.publicKey)
  if (verification.kind !== 'verified') throw new Error(verification.kind)
  return verifiedEvidence(verification, {
    source: 'reply',
    request: 'GET /v3/global/x',
    status: 200,
    body,
    receivedAtMs: NOW_MS,
  })
}

it('can be checked again with the public key alone, however old it is', () => {
  const evidence = evidenceOf('{"trade_state":"SUCCESS","desc":"支付成功"}')
  expect(evidence.serial).toBe(PUBLIC_KEY_ID)
  expect(checkEvidence(evidence, publicKey)).toBe(true)
  expect(checkEvidence(evidence, pemOf(stranger.publicKey))).toBe(false)
  expect(checkEvidence({ ...evidence, body: evidence.body.replace('SUCCESS', 'CLOSED') }, publicKey)).toBe(
    false,
  )
})

it('proves nothing once the signed lines are cut at other places', () => {
  const evidence = evidenceOf('a\nb')
  const recut = { ...evidence, nonce: `${evidence.nonce}\na`, body: 'b' }
  expect(signedMessage(recut)).toBe(signedMessage(evidence))
  expect(checkEvidence(recut, publicKey)).toBe(false)
})

it('satisfies openssl', () => {
  const evidence = evidenceOf('{"trade_state":"CLOSED"}')
  const dir = mkdtempSync(join(tmpdir(), 'verdict-evidence-'))
  const file = (name: string, content: string | Buffer): string => {
    writeFileSync(join(dir, name), content)
    return join(dir, name)
  }
  const args = ['dgst', '-sha256', '-verify', file('key.pem', publicKey), '-signature']
  args.push(
    file('signature', Buffer.from(evidence.signature, 'base64')),
    file('message', signedMessage(evidence)),
  )
  try {
    expect(openssl(args)).toMatch(/^(Verified OK|no openssl here)/)
  } finally {
    rmSync(dir, { recursive: true })
  }
})

function openssl(args: readonly string[]): string {
  try {
    return execFileSync('openssl', args, { encoding: 'utf8' })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'no openssl here'
    throw error
  }
}
