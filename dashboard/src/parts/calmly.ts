/** `task` soon, and however often it is asked for, at most once in `everyMs`; the first time so long from now. */
export function calmly(
  everyMs: number,
  task: () => void,
): { readonly soon: () => void; readonly stop: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined
  // Whoever begins has just read.
  let lastAtMs = performance.now()
  const run = (): void => {
    timer = undefined
    lastAtMs = performance.now()
    task()
  }
  return {
    soon() {
      timer ??= setTimeout(run, Math.max(0, lastAtMs + everyMs - performance.now()))
    },
    stop() {
      clearTimeout(timer)
      timer = undefined
    },
  }
}
