import type { KeyObject } from 'node:crypto'
import { type JsonObject, jsonObjectFrom, textOf } from './json.ts'
import { decryptResource, type EncryptedResource, encryptedResourceFrom } from './resource.ts'

/** The body of a callback. WeChat Pay signs it as it is; what it says is in `resource`, encrypted. */
export interface CallbackEnvelope {
  /** Of this notification; the same when it is sent again. */
  readonly id: string
  /** RFC 3339, as it came. */
  readonly create_time: string
  /** `TRANSACTION.SUCCESS`, `REFUND.SUCCESS`, …: may be a word that we don't know. */
  readonly event_type: string
  readonly resource: EncryptedResource
}

/** Source: WeChat Pay Global APIv3, "Payment Result Notification". @returns null if a field is missing */
export function callbackEnvelopeFrom(json: JsonObject): CallbackEnvelope | null {
  const [id, create_time, event_type] = [textOf(json.id), textOf(json.create_time), textOf(json.event_type)]
  const resource = encryptedResourceFrom(json.resource)
  if (id === undefined || create_time === undefined || event_type === undefined || resource === null)
    return null
  return { id, create_time, event_type, resource }
}

/**
 * What the body of a callback says, such as the one that evidence keeps.
 *
 * @param apiV3Key of the time of the callback, as `apiV3Key` gives it
 * @returns null if it is no envelope or was encrypted with another key
 */
export function callbackTextOf(body: string, apiV3Key: KeyObject): string | null {
  const json = jsonObjectFrom(body)
  const envelope = json === null ? null : callbackEnvelopeFrom(json)
  return envelope === null ? null : decryptResource(apiV3Key, envelope.resource)
}
