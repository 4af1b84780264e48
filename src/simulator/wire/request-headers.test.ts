import { describe, expect, it } from 'vitest'
import { headerFault } from './request-headers.ts'

const GOOD = { accept: 'application/json', 'user-agent': 'till/1', 'content-type': 'application/json' }
type Headers = Readonly<Record<string, string | undefined>>

const faultOf = (method: string, changes: Headers) =>
  headerFault({ method, url: '/', headers: { ...GOOD, ...changes }, body: '' }, 'required')

describe('the headers of a request', () => {
  it.each<[what: string, method: string, changes: Headers]>([
    ['as the documents give them', 'POST', {}],
    ['with any Accept', 'POST', { accept: '*/*' }],
    ['with a charset', 'POST', { 'content-type': 'application/json; charset=utf-8' }],
    ['in other letters', 'POST', { 'content-type': 'Application/JSON;charset=UTF-8' }],
    ['of a GET, without a type', 'GET', { 'content-type': undefined }],
    ['of a GET, with another type', 'GET', { 'content-type': 'text/plain' }],
  ])('%s are good', (_, method, changes) => {
    expect(faultOf(method, changes)).toBeNull()
  })

  it.each<[field: string, method: string, changes: Headers]>([
    ['Accept', 'GET', { accept: undefined }],
    ['Accept', 'POST', { accept: '' }],
    ['User-Agent', 'GET', { 'user-agent': undefined }],
    ['Content-Type', 'POST', { 'content-type': undefined }],
    ['Content-Type', 'POST', { 'content-type': 'text/plain;charset=UTF-8' }],
    ['Content-Type', 'POST', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['Content-Type', 'POST', { 'content-type': 'application/jsonp' }],
  ])('%s is what is wrong with a %s of %o', (field, method, changes) => {
    const detail = { field, location: 'header' }
    expect(faultOf(method, changes)).toMatchObject({ status: 400, code: 'PARAM_ERROR', detail })
  })

  it('are not looked at where they are free', () => {
    expect(headerFault({ method: 'POST', url: '/', headers: {}, body: '' }, 'free')).toBeNull()
  })
})
