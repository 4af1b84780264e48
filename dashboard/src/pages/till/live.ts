import { effect, signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { get, post } from '../../api/client.ts'
import { listen } from '../../api/live.ts'
import { session } from '../../api/session.ts'
import type { Sale, Till } from './facts.ts'

/** How everything stands; null before the first answer. */
export const till = signal<Till | null>(null)
/** Why what somebody did last was refused. */
export const refusal = signal<unknown>(null)
/** Why nothing was heard of late. */
export const silence = signal<unknown>(null)
/** Whether this is a demo, the only place where there is a till. */
export const isOffered = signal(false)

effect(() => {
  // A demo calls everybody so. To ask a real service would leave an error in the browser's log.
  if (session.value?.name !== 'demo') return
  get('/demo/info').then(
    () => {
      isOffered.value = true
    },
    () => {},
  )
})

const EVERY_MS = 350

/** Answers may overtake each other: the latest question counts. */
let asked = 0
let shown = 0
/** What somebody is doing right now: an answer from before it would turn his switch back under his hand. */
let acting = 0

async function keep(answer: Promise<Till>, nth: number): Promise<void> {
  const now = await answer
  if (nth < shown || acting > 0) return
  shown = nth
  till.value = now
}

/** Does something at the till or with the phone, and shows what came of it. */
export async function act(path: 'sales' | 'stories' | 'phone' | 'faults', body: object): Promise<void> {
  refusal.value = null
  acting += 1
  try {
    const now = await post<Till>(`/demo/${path}`, { body })
    asked += 1
    shown = asked
    till.value = now
  } catch (error) {
    refusal.value = error
  } finally {
    acting -= 1
  }
}

/** The till no longer wants the sale. Verdict ends it, or finds out that it is paid. */
export async function cancel({ order }: Sale): Promise<void> {
  refusal.value = null
  try {
    await post(`/v1/orders/${order.id}/give-up`)
  } catch (error) {
    refusal.value = error
  }
}

/** Looks several times a second, as long as the page is shown. */
export function useTill(): void {
  useEffect(() => {
    const leaving = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const look = async (): Promise<void> => {
      if (!document.hidden) {
        try {
          asked += 1
          await keep(get<Till>('/demo/now', { signal: leaving.signal }), asked)
          silence.value = null
        } catch (error) {
          if (!leaving.signal.aborted) silence.value = error
        }
      }
      clearTimeout(timer)
      if (!leaving.signal.aborted) timer = setTimeout(look, EVERY_MS)
    }
    void look()
    // Whatever Verdict learns is shown at once.
    const stop = listen({
      changed({ order }) {
        if (order.id !== till.value?.sale?.order.id || leaving.signal.aborted) return
        clearTimeout(timer)
        timer = setTimeout(look)
      },
    })
    return () => {
      stop()
      leaving.abort()
      clearTimeout(timer)
    }
  }, [])
}
