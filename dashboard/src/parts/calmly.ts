/** `task` soon, and however often it is asked for, at most once in `everyMs`. */
export function calmly(
  everyMs: number,
  task: () => void,
): { readonly soon: () => void; readonly stop: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined
  let lastAtMs = Number.NEGATIVE_INFINITY
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
