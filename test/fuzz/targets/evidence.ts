import { AssertionError } from 'node:assert'
import { sign } from 'node:crypto'
import type { FinalOrder, FinalState } from '../../../src/core/order.ts'
import type { Evidence, UnverifiedEvidence } from '../../../src/core/outcome.ts'
import { VerdictError } from '../../../src/errors.ts'
import { type Proof, proofOf } from '../../../src/proof.ts'
import type { PlatformKey } from '../../../src/store/store.ts'
import { signedMessage } from '../../../src/wechatpay/evidence.ts'
import type { Chance } from '../chance.ts'
import { text } from '../hostile.ts'
import { bentJson, bentText } from '../mutate.ts'
import { order, RULES, refund, STATES, saying, saysPaid, saysState, TOTAL, trade } from '../paid.ts'
import { must, type Target } from '../target.ts'
import {
  API_V3_KEY,
  envelope,
  NOW_MS,
  OTHER_API_V3_KEY,
  PUBLIC_KEY_PEM,
  SERIAL,
  WECHATPAY_KEY,
} from '../wechat-pay.ts'

export interface EvidenceParts {
  readonly prove?: typeof proofOf
}

/** A stored verdict is proved only by statements whose bytes are what was signed, and that say it about this very order. */
export function evidenceTarget({ prove = proofOf }: EvidenceParts = {}): Target {
  return {
    name: 'evidence',
    open: () => {
      const pool: Piece[] = []
      const signed = new Map<string, Buffer>()
      return {
        run: (chance) => {
          const pieces = Array.from({ length: chance.between(1, 4) }, () => drawnPiece(chance, pool, signed))
          const state = chance.pick(['SUCCESS', 'SUCCESS', 'CLOSED', 'REVOKED', 'NOT_CREATED'] as const)
          const known = stored(chance, state, pieces)
          const stating = pieces.map(({ evidence }) => evidence)
          chance.input = { order: known, evidence: stating }
          const proof = proved(prove, known, stating, chance.oneIn(6) ? OTHER_API_V3_KEY : API_V3_KEY)
          if (!proof.holds)
            return `${state}: ${proof.because
              .replace(/[^a-z ]+/g, '')
              .split(' ', 4)
              .join(' ')}`
          must(
            stating.every((piece) => isAsSigned(piece, signed)),
            'it holds, and a statement is not what was signed',
          )
          if (state !== 'NOT_CREATED')
            must(
              pieces.some((piece) => says(piece, state, known)),
              `it holds, and nothing says ${state}`,
            )
          else must(stating.length >= 2, 'it holds by a single denial')
          return `${state} holds`
        },
      }
    },
  }
}

const KEYS: readonly PlatformKey[] = [
  { account: '1900000001', serial: SERIAL, publicKey: PUBLIC_KEY_PEM, keptAtMs: NOW_MS },
  { account: '1900000001', serial: 'broken', publicKey: 'no key', keptAtMs: NOW_MS },
]

function proved(prove: typeof proofOf, known: FinalOrder, evidence: readonly Evidence[], key: string): Proof {
  try {
    return prove(known, evidence, KEYS, key)
  } catch (error) {
    if (error instanceof VerdictError || error instanceof AssertionError)
      return { holds: false, because: error.name }
    throw error
  }
}

interface Piece {
  readonly evidence: Evidence
  /** What it says, decrypted. */
  readonly said: string
}

function says({ said }: Piece, state: Exclude<FinalState, 'NOT_CREATED'>, known: FinalOrder): boolean {
  return state === 'SUCCESS' ? saysPaid(said, 'common', known) : saysState(said, 'common', [state], known)
}

/** By the bytes: two texts that give the same bytes are the same statement. */
function isAsSigned(piece: Evidence, signed: ReadonlyMap<string, Buffer>): boolean {
  return signed.get(piece.signature)?.equals(Buffer.from(signedMessage(piece))) === true
}

const POOL_MAX = 48

function drawnPiece(chance: Chance, pool: Piece[], signed: Map<string, Buffer>): Piece {
  const at = chance.below(POOL_MAX)
  let genuine = pool[at]
  if (genuine === undefined || chance.oneIn(60)) {
    genuine = genuinePiece(chance)
    signed.set(genuine.evidence.signature, Buffer.from(signedMessage(genuine.evidence)))
    pool[at] = genuine
  }
  return chance.oneIn(4) ? { ...genuine, evidence: bent(chance, genuine.evidence) } : genuine
}

const DENIAL = { code: 'ORDER_NOT_EXIST', message: 'no such order' }

function genuinePiece(chance: Chance): Piece {
  const said = chance.oneIn(4)
    ? JSON.stringify(DENIAL)
    : (chance.oneIn(2)
        ? JSON.stringify(trade('common', chance.pick(STATES)))
        : saying(chance, chance.oneIn(5) ? refund('common') : trade('common'))
      ).toWellFormed()
  const isCallback = chance.oneIn(4)
  const receivedAtMs = NOW_MS + chance.between(5, 20) * 60_000
  const fields: UnverifiedEvidence = {
    source: isCallback ? 'callback' : 'reply',
    request: isCallback
      ? 'callback TRANSACTION.SUCCESS EV-1'
      : 'GET /v3/global/transactions/out-trade-no/A42?mchid=1900000001',
    status: isCallback ? 0 : 200,
    serial: SERIAL,
    timestamp: String(Math.floor(receivedAtMs / 1_000)),
    nonce: 'n1',
    signature: '',
    body: isCallback ? JSON.stringify(envelope(said)) : said,
    receivedAtMs,
  }
  const signature = sign('RSA-SHA256', Buffer.from(signedMessage(fields)), WECHATPAY_KEY).toString('base64')
  // Stored by the verifying code alone, which made sure of the signature.
  return { said, evidence: { ...fields, signature } as Evidence }
}

function bent(chance: Chance, evidence: Evidence): Evidence {
  const name = chance.pick([
    'body',
    'body',
    'timestamp',
    'nonce',
    'signature',
    'serial',
    'request',
    'source',
  ] as const)
  switch (name) {
    case 'body':
      return {
        ...evidence,
        body: chance.oneIn(2) ? bentJson(chance, evidence.body) : bentText(chance, evidence.body),
      }
    case 'nonce':
      // The line that ends the nonce moves into the body: the signed message would stay the same.
      if (chance.oneIn(3)) return { ...evidence, nonce: `${evidence.nonce}\n${evidence.body}`, body: '' }
      return { ...evidence, nonce: bentText(chance, evidence.nonce) }
    case 'source':
      return { ...evidence, source: evidence.source === 'reply' ? 'callback' : 'reply' }
    default:
      return { ...evidence, [name]: chance.oneIn(3) ? text(chance) : bentText(chance, evidence[name]) }
  }
}

/** The order as its rows give it, resting on one of the statements. */
function stored(chance: Chance, state: FinalState, pieces: readonly Piece[]): FinalOrder {
  const rests = chance.pick(pieces).evidence
  const { state: _, dueAtMs: __, ...open } = { ...order(), state: null, dueAtMs: null, ending: null }
  const verdict = {
    state,
    atMs: NOW_MS + 30 * 60_000,
    learntBy: rests.source === 'callback' ? 'callback' : 'query',
    transaction_id: chance.oneIn(6) ? text(chance) : '4200000000000000000000000001',
    success_time: chance.oneIn(6) ? null : '2024-06-08T09:59:30+08:00',
    evidence: state === 'NOT_CREATED' && chance.oneIn(4) ? null : rests,
  }
  const facts = {
    total: chance.oneIn(8) ? TOTAL + chance.between(-1, 1) : TOTAL,
    out_trade_no: chance.oneIn(10) ? 'A43' : open.out_trade_no,
    unknownAtMs: chance.oneIn(3) ? null : NOW_MS + 6 * 60_000,
    seen: null,
    declined: RULES.believesUnsignedUnknown,
  }
  return { ...open, ...facts, state, verdict, dueAtMs: null, aftercare: null } as unknown as FinalOrder
}
