import { expect, it } from 'vitest'
import { apiKeyOf } from './api-keys.ts'

it.each(['', 'root', 'Read'])('a role that is %j was not written by us', (role) => {
  const cells = ['k1', 'till', role, 'hash', 1, null]
  expect(() => apiKeyOf(cells)).toThrow(expect.objectContaining({ code: 'STORE_INVALID' }))
})
