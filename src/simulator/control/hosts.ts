import { VerdictError } from '../../errors.ts'
import { HOSTS, type Host } from '../outages.ts'
import type { ControlRequest } from './control.ts'

type HostsNow = Readonly<Record<Host, 'up' | 'down'>>

export function hostsNow({ parts: { weather } }: ControlRequest): HostsNow {
  const now = (host: Host) => (weather.isDown(host) ? 'down' : 'up')
  return { primary: now('primary'), backup: now('backup') }
}

/** `{"primary": "down"}`: until it is told to be up again. A host that isn't named stays as it is. */
export function changeHosts(request: ControlRequest): HostsNow {
  const { weather } = request.parts
  const wanted = Object.entries(request.body).map(
    ([name, state]) => [hostOf(name), isDown(name, state)] as const,
  )
  for (const [host, down] of wanted) weather.turn(host, down)
  return hostsNow(request)
}

function hostOf(name: string): Host {
  const known = HOSTS.find((host) => host === name)
  if (known) return known
  throw new VerdictError('OPTION_INVALID', `host ${name} is unknown; expected ${HOSTS.join(' or ')}`)
}

function isDown(name: string, state: unknown): boolean {
  if (state === 'up' || state === 'down') return state === 'down'
  throw new VerdictError('OPTION_INVALID', `${name} is ${JSON.stringify(state)}; expected "up" or "down"`)
}
