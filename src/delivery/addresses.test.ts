import { createSocket, type Socket } from 'node:dgram'
import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { isIP } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import {
  checkedLookup,
  isPublicAddress,
  isPublicHost,
  type Reach,
  resolver,
  systemResolve,
} from './addresses.ts'

const hostOf = (host: string): string => new URL(`https://${host}/`).hostname

describe('an address', () => {
  it.each([
    ['0.0.0.0', '0.255.255.255', '1.0.0.0'],
    ['10.0.0.0', '10.255.255.255', '11.0.0.0'],
    ['100.64.0.0', '100.127.255.255', '100.128.0.0'],
    ['127.0.0.1', '127.255.255.255', '128.0.0.0'],
    ['168.63.129.16', '168.63.129.16', '168.63.129.17'],
    ['169.254.0.0', '169.254.169.254', '169.255.0.0'],
    ['172.16.0.0', '172.31.255.255', '172.32.0.0'],
    ['192.0.0.0', '192.0.0.255', '192.0.1.0'],
    ['192.0.2.0', '192.0.2.255', '192.0.3.0'],
    ['192.88.99.0', '192.88.99.255', '192.88.100.0'],
    ['192.168.0.0', '192.168.255.255', '192.169.0.0'],
    ['198.18.0.0', '198.19.255.255', '198.20.0.0'],
    ['198.51.100.0', '198.51.100.255', '198.51.101.0'],
    ['203.0.113.0', '203.0.113.255', '203.0.114.0'],
    ['224.0.0.0', '255.255.255.255', '223.255.255.255'],
    ['2001::', '2001:1ff:ffff::', '2001:200::'],
    ['2001:db8::', '2001:db8:ffff::1', '2001:db9::'],
    ['2002::', '2002:7f00:1::', '2003::'],
    ['3fff::', '3fff:fff::1', '3fff:1000::'],
    ['::', '1fff:ffff::', '2000::'],
    ['4000::', 'ffff::', '3ffe:ffff::'],
  ])('from %s to %s is not public, %s is', (first, last, other) => {
    for (const form of [(ip: string) => ip, mapped, nat64]) {
      expect([first, last, other].map((ip) => isPublicAddress(form(ip)))).toEqual([false, false, true])
    }
  })

  it.each([
    '::1',
    'fc00::1',
    'fdff::1',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '100::1',
    '::7f00:1',
  ])('%s is not public', (address) => {
    expect(isPublicAddress(address)).toBe(false)
  })

  it.each(['', 'localhost', '8.8.8', '8.8.8.8.', ' 8.8.8.8', '08.8.8.8', '[2606:4700::1111]'])(
    '%j is none, so it is not public',
    (text) => {
      expect(isPublicAddress(text)).toBe(false)
    },
  )
})

/** The same IPv4 address in an IPv6 one; IPv6 stays as it is. */
function mapped(ip: string): string {
  return isIP(ip) === 4 ? `::ffff:${ip}` : ip
}
function nat64(ip: string): string {
  return isIP(ip) === 4 ? `64:ff9b::${ip}` : ip
}

describe('the host of a URL', () => {
  it.each([
    '127.0.0.1',
    '127.1',
    '127.0.0.1.',
    '2130706433',
    '0x7f.1',
    '0x7f000001',
    '0177.0.0.1',
    '017700000001',
    '①②⑦.⓪.⓪.①',
    '%31%32%37.0.0.1',
    '0',
    '[::1]',
    '[::]',
    '[0:0:0:0:0:0:0:1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[64:ff9b:1::1]',
    '[2002:7f00:1::]',
    '[fe80::1]',
    '[fd00:ec2::254]',
    '[ff02::1]',
    '169.254.169.254',
    '100.100.100.200',
    'localhost',
    'LOCALHOST',
    'localhost.',
    'a.localhost',
    'printer.local',
    'db.internal',
    'postgres',
  ])('%s is not public', (host) => {
    expect(isPublicHost(hostOf(host))).toBe(false)
  })

  it.each([
    '8.8.8.8',
    '134744072',
    '[2606:4700::1111]',
    '[::ffff:8.8.8.8]',
    'shop.example.com',
    'localhost.shop.com',
  ])('%s is public', (host) => {
    expect(isPublicHost(hostOf(host))).toBe(true)
  })
})

const PUBLIC: LookupAddress = { address: '8.8.8.8', family: 4 }
const PUBLIC_6: LookupAddress = { address: '2606:4700::1111', family: 6 }
const PRIVATE: LookupAddress = { address: '127.0.0.1', family: 4 }

describe('a name', () => {
  const look = (reach: Reach, addresses: readonly LookupAddress[], all: boolean) =>
    new Promise((resolve) =>
      checkedLookup(reach, async () => addresses)('hooks.example.com', { all }, (error, ...found) =>
        resolve(error === null ? found : String(error.message)),
      ),
    )

  it.each([
    ['public', [PUBLIC, PUBLIC_6], null],
    ['public', [PRIVATE], '127.0.0.1'],
    ['public', [PUBLIC, PRIVATE], '127.0.0.1'],
    ['public', [{ address: '::ffff:10.0.0.1', family: 6 }], '::ffff:10.0.0.1'],
    ['private', [PRIVATE], null],
    ['private', [PRIVATE, PUBLIC], '8.8.8.8'],
    ['any', [PRIVATE, PUBLIC], null],
  ] as const)('of %s reach that leads to %j: refused is %j', async (reach, addresses, refused) => {
    const why = `the name leads to ${refused}; expected a ${reach} address`
    const [first] = addresses
    expect(await look(reach, addresses, true)).toEqual(refused === null ? [addresses] : why)
    expect(await look(reach, addresses, false)).toEqual(
      refused === null ? [first.address, first.family] : why,
    )
  })

  it('that leads nowhere is refused, whatever the reach', async () => {
    for (const reach of ['public', 'private', 'any'] as const) {
      expect(await look(reach, [], true)).toBe('the name leads to no address')
    }
  })

  it('that the machine itself knows is resolved by it', async () => {
    const addresses = await systemResolve('localhost')
    expect(addresses.map(({ address }) => isPublicAddress(address))).not.toContain(true)
    expect(addresses).not.toEqual([])
  })
})

describe('name servers', () => {
  let server: Socket
  afterEach(() => void server.close())

  /** @param answer null for silence */
  async function nameServer(answer: (question: Buffer) => Buffer | null): Promise<readonly string[]> {
    server = createSocket('udp4')
    server.on('message', (question, { port, address }) => {
      const told = answer(question)
      if (told !== null) server.send(told, port, address)
    })
    server.bind(0, '127.0.0.1')
    await once(server, 'listening')
    return [`127.0.0.1:${server.address().port}`]
  }

  /** A reply to this very question (RFC 1035 section 4.1), with one IPv4 address for whoever asks for that. */
  function reply(question: Buffer, rcode: number): Buffer {
    const type = question.readUInt16BE(question.indexOf(0, 12) + 1)
    const body = question.subarray(12, question.indexOf(0, 12) + 5)
    const has = rcode === 0 && type === 1
    const head = Buffer.from([
      ...question.subarray(0, 2),
      0x81,
      0x80 + rcode,
      0,
      1,
      0,
      has ? 1 : 0,
      0,
      0,
      0,
      0,
    ])
    const address = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 203, 0, 113, 7])
    return Buffer.concat([head, body, ...(has ? [address] : [])])
  }

  it('tell the addresses of a name', async () => {
    const resolve = resolver(await nameServer((question) => reply(question, 0)))
    expect(await resolve('hooks.example.com')).toEqual([{ address: '203.0.113.7', family: 4 }])
  })

  it('that are silent are given up, and hold no thread that other lookups need', async () => {
    const resolve = resolver(await nameServer(() => null))
    const names = Array.from({ length: 32 }, (_, i) => resolve(`hooks${i}.example.com`))
    const ends = Promise.allSettled(names)
    const first = await Promise.race([lookup('localhost').then(() => 'localhost'), ends])
    expect(first).toBe('localhost')
    const codes = (await ends).map((end) => end.status === 'rejected' && end.reason.code)
    expect(new Set(codes)).toEqual(new Set(['ETIMEOUT']))
  }, 20_000)

  it('that fail are not asked again by the system', async () => {
    const resolve = resolver(await nameServer((question) => reply(question, 2)))
    await expect(resolve('hooks.example.com')).rejects.toMatchObject({ code: 'ESERVFAIL' })
  })
})
