import { signal } from '@preact/signals'
import { recogniseSession } from './sign-in.ts'
import type { JournalLine, Order } from './types.ts'

/** An order that has just changed, with the journal lines that the change added. */
export interface OrderChanged {
  readonly order: Order
  readonly journal: readonly JournalLine[]
}

export interface Listener {
  readonly changed?: (change: OrderChanged) => void
  /** Something may have been missed: read anew. Called at the first connection, too. */
  readonly reset?: () => void
}

export const connection = signal<'connecting' | 'live' | 'lost'>('connecting')

const RETRY_MS = 2_000
const listeners = new Set<Listener>()
let source: EventSource | null = null
let retry: ReturnType<typeof setTimeout> | undefined

/** Hears of every change until the returned function is called. The page has one connection for all who listen. */
export function listen(listener: Listener): () => void {
  listeners.add(listener)
  if (source === null && retry === undefined) connect()
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0) disconnect()
  }
}

function connect(): void {
  const opened = new EventSource('/v1/events')
  source = opened
  let wasOpen = false
  opened.onopen = () => {
    connection.value = 'live'
    // Afterwards the browser resumes by itself with Last-Event-ID, and the service says what it no longer knows.
    if (!wasOpen) tellReset()
    wasOpen = true
  }
  opened.onerror = () => {
    connection.value = 'lost'
    // Closed for good: an answer that is no stream. The browser doesn't try again, so we do.
    if (opened.readyState === EventSource.CLOSED) {
      source = null
      retry = setTimeout(() => {
        retry = undefined
        // A session that has ended shows the page to sign in.
        recogniseSession().catch(() => {})
        if (listeners.size > 0) connect()
      }, RETRY_MS)
    }
  }
  opened.addEventListener('order', ({ data }) => {
    const change = JSON.parse(data) as OrderChanged
    for (const { changed } of [...listeners]) changed?.(change)
  })
  opened.addEventListener('reset', tellReset)
}

function tellReset(): void {
  for (const { reset } of [...listeners]) reset?.()
}

function disconnect(): void {
  clearTimeout(retry)
  retry = undefined
  source?.close()
  source = null
  connection.value = 'connecting'
}
