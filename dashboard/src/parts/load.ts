import { type Signal, useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'

export interface Loaded<Value> {
  /** The latest that came; what was there before stays until then. */
  readonly value: Signal<Value | undefined>
  readonly failure: Signal<unknown>
  readonly reload: () => void
}

/**
 * What `load` gives, read anew whenever `key` changes or `reload` is called. An answer that a later question has overtaken
 * is dropped.
 */
export function useLoaded<Value>(key: string, load: (signal: AbortSignal) => Promise<Value>): Loaded<Value> {
  const value = useSignal<Value | undefined>(undefined)
  const failure = useSignal<unknown>(null)
  const latest = useRef({ load, asking: new AbortController() })
  latest.current.load = load

  const reload = useRef(() => {
    const { current } = latest
    current.asking.abort()
    const asking = new AbortController()
    current.asking = asking
    current.load(asking.signal).then(
      (loaded) => {
        if (asking.signal.aborted) return
        value.value = loaded
        failure.value = null
      },
      (error: unknown) => {
        if (!asking.signal.aborted) failure.value = error
      },
    )
  })
  useEffect(() => {
    reload.current()
    return () => latest.current.asking.abort()
  }, [key])
  return { value, failure, reload: reload.current }
}
