import {
  CLOCK_SKEW_MS_MAX,
  parseAuthorization,
  requestMessage,
  SIGNATURE_TYPE,
} from '../../wechatpay/signing.ts'
import type { Keys } from '../keys.ts'
import type { ApiError } from './api-error.ts'
import type { WireRequest } from './exchange.ts'

/** Who called: the merchant id that signed, and whether it is the institution's or the common one. */
export interface Caller {
  readonly mode: 'common' | 'institutional'
  readonly mchid: string
  /** Tells one client of a merchant from another. */
  readonly userAgent: string
  /** When he says that he signed, Unix seconds. */
  readonly signedS: number
}

/** Whether the merchant's key made `signature` over `message`. */
export type VerifyCaller = (message: string, signature: string) => boolean

export interface Authentication {
  readonly keys: Keys
  readonly verifyCaller: VerifyCaller
  readonly nowMs: number
}

/** The caller, or the 401 that names the one check which failed. */
export function authenticate(
  request: WireRequest,
  { keys, verifyCaller, nowMs }: Authentication,
): Caller | ApiError {
  const header = request.headers.authorization
  if (!header) return signError('The Authorization header is missing', request)
  if (!header.startsWith(`${SIGNATURE_TYPE} `)) {
    return signError(`The Authorization scheme is unsupported; expected ${SIGNATURE_TYPE}`, request)
  }
  const fields = parseAuthorization(header)
  if (!fields) {
    return signError(
      'The Authorization header is malformed; expected mchid, nonce_str, timestamp, serial_no, signature, each once as name="value", with commas between',
      request,
    )
  }
  const mode = modeOf(keys, fields.mchid)
  if (!mode) {
    const { mchid, sp_mchid } = keys.identity
    return signError(`mchid ${fields.mchid} is unknown; expected ${mchid} or ${sp_mchid}`, request)
  }
  if (fields.serial_no.toUpperCase() !== keys.serial_no) {
    return signError(`serial_no ${fields.serial_no} is unknown; expected ${keys.serial_no}`, request)
  }
  const skewMs = Number(fields.timestamp) * 1000 - nowMs
  if (!/^\d{1,12}$/.test(fields.timestamp) || Math.abs(skewMs) > CLOCK_SKEW_MS_MAX) {
    return signError(
      `timestamp ${fields.timestamp} is more than 300 s away from the server's clock, ${Math.floor(nowMs / 1000)}`,
      request,
    )
  }
  const { method, url, body } = request
  const message = requestMessage({ method, url, body, timestamp: fields.timestamp, nonce: fields.nonce_str })
  if (!verifyCaller(message, fields.signature)) {
    return signError(`The signature is wrong: ${wrongSignatureHint(body)}`, request, message)
  }
  const userAgent = request.headers['user-agent'] ?? ''
  return { mode, mchid: fields.mchid, userAgent, signedS: Number(fields.timestamp) }
}

/** Bytes that are no UTF-8 were read as U+FFFD, so no signature over them holds. */
function wrongSignatureHint(body: string): string {
  return body.includes('\u{FFFD}')
    ? 'the body is no UTF-8'
    : 'compare what you signed with detail.sign_information, and the key with serial_no'
}

function modeOf({ identity }: Keys, mchid: string): Caller['mode'] | null {
  if (mchid === identity.mchid) return 'common'
  return mchid === identity.sp_mchid ? 'institutional' : null
}

const SHOWN_MESSAGE_LENGTH_MAX = 512
const SIGN_ERROR_NUMBER = 268443699

/** @param message what the signature should have covered, if the header could be read */
function signError(message: string, { method, url }: WireRequest, covered?: string): ApiError {
  const information = covered === undefined ? {} : covers(covered)
  const detail = { sign_information: { method, url, ...information } }
  return {
    status: 401,
    code: 'SIGN_ERROR',
    message: message.slice(0, 256),
    detail,
    number: SIGN_ERROR_NUMBER,
  }
}

function covers(message: string) {
  return {
    sign_message_length: Buffer.byteLength(message),
    truncated_sign_message: message.slice(0, SHOWN_MESSAGE_LENGTH_MAX),
  }
}
