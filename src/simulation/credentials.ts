import { type Credentials, createCredentials, type Identity } from '../simulator/index.ts'
import { START_MS } from './world.ts'

/** Names are part of what a seed means: numbers are derived from them. Keys are not, and are drawn anew each time. */
const IDENTITY: Identity = {
  mchid: '1900000001',
  appid: 'wx00000000000000a1',
  sp_mchid: '1800000001',
  sp_appid: 'wx00000000000000b1',
  sub_mchid: '1700000001',
  sub_appid: 'wx00000000000000c1',
  apiV3Key: 'VerdictSimulationVerdictSimulati',
  wechatpayPublicKeyId: 'PUB_KEY_ID_0119000000012026060800000001',
}

export async function simulationCredentials(): Promise<Credentials> {
  return { ...(await createCredentials(START_MS)), identity: IDENTITY }
}
