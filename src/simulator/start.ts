import { join } from 'node:path'
import { announce, FILES, openFolder, type Ports, withdraw } from './folder.ts'
import { createSimulator, type SimulatorCore, type WorldSettings } from './simulator.ts'
import { type Listener, listen } from './wire/server.ts'

export interface StartSettings extends WorldSettings {
  /** Keys, ids, `account.json` and the truth live here; made if it isn't there. */
  readonly dir: string
  /** Default: the port of the run before in this folder, at first any free one. So with 0. */
  readonly port?: number
  readonly backupPort?: number
  /** Where to listen. Default 127.0.0.1: the control API has no password. */
  readonly address?: string
}

export interface Simulator extends Pick<SimulatorCore, 'handle' | 'keys'> {
  readonly dir: string
  readonly url: string
  readonly backupUrl: string
  /** Ends all connections. The folder can be started again. */
  close(): Promise<void>
}

/**
 * Opens the folder's truth, listens on both hosts and writes `account.json`.
 *
 * @throws STORE_IN_USE, STORE_INVALID, KEY_INVALID, OPTION_INVALID
 */
export async function startSimulator(settings: StartSettings): Promise<Simulator> {
  const { dir, clock, address = '127.0.0.1' } = settings
  const { credentials, ports } = await openFolder(dir, clock.nowMs())
  const core = createSimulator({ ...settings, credentials, file: join(dir, FILES.truth) })
  // Only now: with the truth open, no other simulator serves this folder.
  withdraw(dir)
  const [main, backup] = await listenTwice(core, settings, address, ports)
  const { url, port } = main
  announce(dir, core.keys, { url, backupUrl: backup.url, port, backupPort: backup.port })
  return {
    dir,
    url,
    backupUrl: backup.url,
    keys: core.keys,
    handle: core.handle,
    close: async () => {
      await Promise.all([main.close(), backup.close()])
      core.close()
    },
  }
}

async function listenTwice(
  core: SimulatorCore,
  { clock, port, backupPort }: StartSettings,
  address: string,
  before: Ports | null,
): Promise<[Listener, Listener]> {
  const { handle } = core
  let main: Listener | undefined
  try {
    main = await listen({ address, clock, handle, host: 'primary', port: port || (before?.port ?? 0) })
    const options = { address, clock, handle, host: 'backup' } as const
    return [main, await listen({ ...options, port: backupPort || (before?.backupPort ?? 0) })]
  } catch (error) {
    await main?.close()
    core.close()
    throw error
  }
}
