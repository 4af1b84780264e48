import { ApiError, del, get, post } from './client.ts'
import { session } from './session.ts'
import type { Session } from './types.ts'

/** Whom the browser's cookie names. @throws Unreachable, and ApiError for anything but "nobody" */
export async function recogniseSession(): Promise<void> {
  try {
    session.value = await get<Session>('/v1/session')
  } catch (error) {
    if (!(error instanceof ApiError) || error.problem.status !== 401) throw error
    session.value = null
  }
}

/** The key becomes a cookie that no script can read; it is kept nowhere in the page. @throws ApiError, Unreachable */
export async function signIn(key: string): Promise<void> {
  session.value = await post<Session>('/v1/session', { body: { key } })
}

export async function signOut(): Promise<void> {
  await del('/v1/session')
  session.value = null
}
