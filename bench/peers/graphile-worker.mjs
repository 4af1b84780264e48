// A local queue of jobs, completions in batches, as its page on performance advises. A job's result and its next poll are
// one statement.

import { Logger, run, runMigrations } from 'graphile-worker'
import { AGAIN_MS, CONCURRENCY } from './job.ts'
import { resultsIn, WRITE_ONE } from './results.mjs'

const CONCURRENT_JOBS = CONCURRENCY / 4

export async function start({ url, numbers, poll, done }) {
  const pool = await resultsIn(url, numbers)
  const taskList = {
    poll: async ({ number }) => {
      const said = await poll(number)
      await pool.query(
        `${WRITE_ONE} SELECT graphile_worker.add_job('poll', json_build_object('number', $1::text), run_at => $3::timestamptz)`,
        [number, said, new Date(Date.now() + AGAIN_MS)],
      )
      done(1)
    },
  }
  const logger = new Logger(() => (level, message) => {
    if (level === 'error') console.error(message)
  })
  const preset = {
    worker: {
      connectionString: url,
      logger,
      concurrentJobs: CONCURRENT_JOBS,
      maxPoolSize: 20,
      pollInterval: 200,
      localQueue: { size: 500, refetchDelay: { durationMs: 20 } },
      completeJobBatchDelay: 0,
      failJobBatchDelay: 0,
    },
  }
  await runMigrations({ preset })
  await pool.query(
    `SELECT count(*) FROM (SELECT graphile_worker.add_job('poll', json_build_object('number', number),
       run_at => now() + nth * interval '1 ms' * $2::float8)
     FROM unnest($1::text[]) WITH ORDINALITY AS given (number, nth)) AS added`,
    [numbers, AGAIN_MS / numbers.length],
  )
  await run({ preset, taskList })
}
