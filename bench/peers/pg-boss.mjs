// Batches, fetched without a pause while they come back full, a few workers beside each other. A batch's results and its
// next polls are one transaction.

import { PgBoss } from 'pg-boss'
import { AGAIN_MS, CONCURRENCY } from './job.ts'
import { resultsIn, WRITE_MANY } from './results.mjs'

const BATCH = 100
const OPTIONS = {
  batchSize: BATCH,
  localConcurrency: CONCURRENCY / BATCH,
  burstWhenBatchFull: true,
  pollingIntervalSeconds: 0.5,
}

export async function start({ url, numbers, poll, done }) {
  const pool = await resultsIn(url, numbers)
  const boss = new PgBoss({ connectionString: url, max: 10, supervise: true })
  boss.on('error', console.error)
  await boss.start()
  await boss.createQueue('poll', { retryLimit: 0 })
  const fromMs = Date.now()
  await boss.insert(
    'poll',
    numbers.map((number, i) => ({
      data: { number },
      startAfter: new Date(fromMs + (i * AGAIN_MS) / numbers.length),
    })),
  )
  await boss.work('poll', OPTIONS, async (jobs) => {
    const said = await Promise.all(jobs.map(({ data }) => poll(data.number)))
    const client = await pool.connect()
    const db = { executeSql: (text, values) => client.query(text, values) }
    try {
      await client.query('BEGIN')
      await client.query(WRITE_MANY, [jobs.map(({ data }) => data.number), said])
      const startAfter = new Date(Date.now() + AGAIN_MS)
      await boss.insert(
        'poll',
        jobs.map(({ data }) => ({ data, startAfter })),
        { db },
      )
      await client.query('COMMIT')
    } finally {
      client.release()
    }
    done(jobs.length)
  })
}
