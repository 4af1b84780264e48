import { defineConfig } from 'vitest/config'

const PARTS = ['src/**/*.test.ts']
/** It puts the machine's clock ahead, and a clock never goes back while its process lives. */
const CLOCK = ['src/clock.test.ts']
const WHOLE = ['test/**/*.test.ts', 'scripts/**/*.test.ts']

export default defineConfig({
  test: {
    globalSetup: ['test/support/postgres-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    passWithNoTests: false,
    projects: [
      // They leave nothing behind that another file sees, so that a process serves many.
      { extends: true, test: { name: 'parts', include: PARTS, exclude: CLOCK, isolate: false } },
      { extends: true, test: { name: 'whole', include: [...WHOLE, ...CLOCK] } },
    ],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Vitest's own second is too short for a busy machine.
    expect: { poll: { timeout: 20_000 } },
  },
})
