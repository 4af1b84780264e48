import type { TestCollection, Vitest } from 'vitest/node'

export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/**
 * Single tests, of all files that ran. What fails outside a test counts as one failed test each: a file that does not
 * load, a hook, an error that nobody caught.
 */
export function countTests(state: Vitest['state']): Counts {
  const modules = state.getTestModules()
  const tests = modules.map((module) => ofCollection(module.children))
  const broken = modules.flatMap((module) => [module, ...module.children.allSuites()])
  const outside = broken.filter((each) => each.errors().length > 0).length + state.getUnhandledErrors().length
  return tests.reduce(sum, { passed: 0, failed: outside, skipped: 0 })
}

/** `41 passed, 0 failed`, and `, 2 skipped` where some were. */
export function closingLine({ passed, failed, skipped }: Counts): string {
  const line = `${passed} passed, ${failed} failed`
  return skipped === 0 ? line : `${line}, ${skipped} skipped`
}

/** 0 where at least one test ran and none failed. */
export function exitCode({ passed, failed }: Counts): number {
  return passed > 0 && failed === 0 ? 0 : 1
}

function ofCollection(tests: TestCollection): Counts {
  const states = [...tests.allTests()].map((test) => test.result().state)
  const count = (state: string) => states.filter((each) => each === state).length
  // A test that never got a result, because its worker died, did not pass.
  return { passed: count('passed'), failed: count('failed') + count('pending'), skipped: count('skipped') }
}

function sum(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped }
}
