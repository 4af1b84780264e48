import { BlockList, isIP } from 'node:net'

/** `private`: loopback and private addresses alone. A name other than localhost may lead anywhere, so it is none. */
export type CallbackTargets = 'private' | 'any'

const PRIVATE = new BlockList()
PRIVATE.addSubnet('127.0.0.0', 8)
PRIVATE.addSubnet('10.0.0.0', 8)
PRIVATE.addSubnet('172.16.0.0', 12)
PRIVATE.addSubnet('192.168.0.0', 16)
PRIVATE.addAddress('::1', 'ipv6')
PRIVATE.addSubnet('fc00::', 7, 'ipv6')

/** Whether a callback may be sent there: a simulator calls nobody on the internet unless it is told to. */
export function isAllowed(url: string, targets: CallbackTargets): boolean {
  if (!URL.canParse(url)) return false
  if (targets === 'any') return true
  const host = new URL(url).hostname.replace(/^\[(.*)\]$/, '$1')
  if (host === 'localhost' || host.endsWith('.localhost')) return true
  const family = isIP(host)
  return family !== 0 && PRIVATE.check(host, family === 6 ? 'ipv6' : 'ipv4')
}
