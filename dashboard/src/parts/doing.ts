import { type Signal, useSignal } from '@preact/signals'

export interface Doing {
  readonly isBusy: Signal<boolean>
  readonly failure: Signal<unknown>
  /** Does it, unless it is being done. */
  readonly run: () => Promise<void>
}

/** Something that a person asks for by a button: done once at a time, and what goes wrong is there to be shown. */
export function useDoing(act: () => Promise<void>): Doing {
  const isBusy = useSignal(false)
  const failure = useSignal<unknown>(null)
  const run = async (): Promise<void> => {
    if (isBusy.value) return
    isBusy.value = true
    failure.value = null
    try {
      await act()
    } catch (error) {
      failure.value = error
    } finally {
      isBusy.value = false
    }
  }
  return { isBusy, failure, run }
}
