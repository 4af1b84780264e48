import type { LookupAddress } from 'node:dns'
import { Resolver, lookup as systemLookup } from 'node:dns/promises'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { isPublicHost as isPublicName } from '../core/placement.ts'

/**
 * Which addresses a webhook may lead to. Whoever may choose a URL could else make this process call what only it can
 * reach: a database's port, a cloud's metadata. A name is judged by the very addresses that are then connected to, so it
 * can't lead elsewhere between check and use.
 */

/** IPv4 that is not somebody's host on the internet. Source: IANA IPv4 Special-Purpose Address Registry, and multicast. */
const NOT_PUBLIC_V4: ReadonlyArray<readonly [net: string, bits: number]> = [
  ['0.0.0.0', 8], // this host
  ['10.0.0.0', 8], // private
  ['100.64.0.0', 10], // behind a carrier's NAT; some clouds' metadata
  ['127.0.0.0', 8], // loopback
  ['168.63.129.16', 32], // public in form, in Azure the platform's own
  ['169.254.0.0', 16], // link-local; most clouds' metadata
  ['172.16.0.0', 12], // private
  ['192.0.0.0', 24], // protocol assignments
  ['192.0.2.0', 24], // documentation
  ['192.88.99.0', 24], // 6to4 relays
  ['192.168.0.0', 16], // private
  ['198.18.0.0', 15], // benchmarks
  ['198.51.100.0', 24], // documentation
  ['203.0.113.0', 24], // documentation
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved, broadcast
]

/** Hosts of the internet are within 2000::/3, except these. Source: IANA IPv6 Special-Purpose Address Registry. */
const NOT_PUBLIC_V6: ReadonlyArray<readonly [net: string, bits: number]> = [
  ['2001::', 23], // protocol assignments, Teredo
  ['2001:db8::', 32], // documentation
  ['2002::', 16], // 6to4: holds any IPv4 address
  ['3fff::', 20], // documentation
]
/** IPv6 that stands for an IPv4 address (NAT64), and is judged by it. BlockList itself does so for `::ffff:0:0/96`. */
const NAT64 = '64:ff9b::'

const internet = new BlockList()
const notPublic = new BlockList()
internet.addSubnet('0.0.0.0', 0, 'ipv4')
internet.addSubnet('2000::', 3, 'ipv6')
internet.addSubnet(NAT64, 96, 'ipv6')
for (const [net, bits] of NOT_PUBLIC_V6) notPublic.addSubnet(net, bits, 'ipv6')
for (const [net, bits] of NOT_PUBLIC_V4) {
  notPublic.addSubnet(net, bits, 'ipv4')
  notPublic.addSubnet(NAT64 + net, 96 + bits, 'ipv6')
}

/** Whether an IP address belongs to a host on the internet. Text that is no address doesn't. */
export function isPublicAddress(address: string): boolean {
  const version = isIP(address)
  if (version === 0) return false
  const family = version === 4 ? 'ipv4' : 'ipv6'
  return internet.check(address, family) && !notPublic.check(address, family)
}

/** Whether the host of a URL, as the URL parser writes it, is public: an address surely, a name as far as it tells. */
export function isPublicHost(hostname: string): boolean {
  const address = hostname.replace(/^\[|\]$/g, '')
  return isIP(address) === 0 ? isPublicName(hostname) : isPublicAddress(address)
}

/** Which addresses a name may resolve to. */
export type Reach = 'public' | 'private' | 'any'

/** All addresses of a name, or a rejection. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>

/**
 * Asks the name servers over sockets of its own, and gives up in time. The system's way waits on threads that all lookups
 * of the process share, WeChat Pay's among them: a name server that is silent must not hold those. So it is asked only
 * for names that the servers say they don't have, such as those of the hosts file.
 *
 * @param servers `address:port`; by default those of the system
 */
export function resolver(servers?: readonly string[]): Resolve {
  return async (hostname) => {
    if (hostname === 'localhost' || hostname.endsWith('.localhost'))
      return systemLookup(hostname, { all: true })
    const names = new Resolver({ timeout: SERVER_MS, tries: 2 })
    if (servers !== undefined) names.setServers([...servers])
    const asked = await Promise.allSettled([names.resolve4(hostname), names.resolve6(hostname)])
    const found = asked.flatMap((one, i) =>
      one.status === 'fulfilled' ? one.value.map((address) => ({ address, family: i === 0 ? 4 : 6 })) : [],
    )
    if (found.length > 0) return found
    const silence = asked.find((one) => one.status === 'rejected' && !NO_SUCH_NAME.has(one.reason?.code))
    if (silence?.status === 'rejected') throw silence.reason
    return systemLookup(hostname, { all: true })
  }
}

/** For one name server, at its first try; it has two. */
const SERVER_MS = 2_000

/** An answer, or nobody there to ask. */
const NO_SUCH_NAME: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'ENODATA', 'ECONNREFUSED'])

export const systemResolve: Resolve = resolver()

/** A name leads where the target may not go. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused'
}

/**
 * For `connect.lookup`: resolves a name once, and hands out its addresses only if all of them are within reach. Addresses
 * in the URL itself are never looked up: they are checked where the URL is.
 */
export function checkedLookup(reach: Reach, resolve: Resolve): LookupFunction {
  return (hostname, { all }, callback) => {
    const hand = (addresses: readonly LookupAddress[]): void => {
      const [first] = addresses
      const problem = problemOf(addresses, reach)
      if (first === undefined || problem !== null) callback(new AddressRefused(problem ?? NOTHING), [])
      else if (all === true) callback(null, [...addresses])
      else callback(null, first.address, first.family)
    }
    resolve(hostname).then(hand, (error) => callback(error, []))
  }
}

const NOTHING = 'the name leads to no address'

function problemOf(addresses: readonly LookupAddress[], reach: Reach): string | null {
  if (reach === 'any') return null
  const wrong = addresses.find(({ address }) => isPublicAddress(address) !== (reach === 'public'))
  return wrong === undefined ? null : `the name leads to ${wrong.address}; expected a ${reach} address`
}
