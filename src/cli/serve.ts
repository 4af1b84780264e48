import { pino } from 'pino'
import { Service } from '../http/service.ts'
import { readServiceConfig } from '../service-config.ts'
import { aborted } from './ending.ts'
import { openStore } from './open-store.ts'

export interface ServeFlags {
  readonly config: string
  readonly logLevel: string
}

/**
 * `verdict serve`: runs until the signal aborts; SIGHUP reads the configuration again. Logs are lines of JSON on standard
 * output.
 *
 * @throws OPTION_INVALID, KEY_INVALID, POLICY_INVALID, STORE_INVALID, STORE_IN_USE, and what the ports say
 */
export async function runServe(
  { config: file, logLevel }: ServeFlags,
  { version, signal }: { readonly version: string; readonly signal: AbortSignal },
): Promise<void> {
  const opened: { service: Service | null; hungUp: boolean } = { service: null, hungUp: false }
  // Elsewhere SIGHUP ends a command, as when its terminal closes. A service has none, from its first moment.
  process.removeAllListeners('SIGHUP')
  process.on('SIGHUP', () => {
    if (opened.service === null) opened.hungUp = true
    else void reload(opened.service)
  })
  const config = await readServiceConfig(file, process.env)
  const logger = pino({ level: logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime })
  const say = (sentence: string): void => logger.warn(sentence)
  const store = await openStore(config.store, { say, signal })
  try {
    const service = await Service.open({ config, store, version, logger })
    if ((await store.apiKeys()).length === 0)
      logger.warn('there is no API key yet; make one with: verdict key add')
    opened.service = service
    if (opened.hungUp) await reload(service)
    logger.info({ addresses: service.addresses }, 'serving')
    await aborted(signal)
    logger.info('ending: what is under way is finished')
    await service.close()
  } finally {
    await store.close()
  }

  async function reload(service: Service): Promise<void> {
    try {
      await service.reload(() => readServiceConfig(file, process.env))
      logger.info('the configuration was read again')
    } catch (error) {
      logger.error(
        { err: error },
        'the configuration was read again and is wrong: everything goes on as before',
      )
    }
  }
}
