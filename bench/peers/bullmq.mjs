// Many jobs at once in one worker, as its page on concurrency advises for work that waits for the network; what is done is
// removed. A result and the next poll are in Redis when the job ends.

import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { AGAIN_MS, CONCURRENCY } from './job.ts'

const ADDED_AT_ONCE = 1_000

export async function start({ url, numbers, poll, done }) {
  const { hostname, port } = new URL(url)
  const connection = { host: hostname, port: Number(port) }
  const options = { removeOnComplete: true, removeOnFail: true }
  const queue = new Queue('poll', { connection })
  const jobs = numbers.map((number, i) => ({
    name: 'poll',
    data: { number },
    opts: { ...options, delay: Math.round((i * AGAIN_MS) / numbers.length) },
  }))
  for (let from = 0; from < jobs.length; from += ADDED_AT_ONCE)
    await queue.addBulk(jobs.slice(from, from + ADDED_AT_ONCE))
  const redis = new Redis(connection)
  const worker = new Worker(
    'poll',
    async ({ data: { number } }) => {
      const said = await poll(number)
      await Promise.all([
        redis.hset(`order:${number}`, 'state', said),
        redis.rpush(`journal:${number}`, `${Date.now()} ${said}`),
        queue.add('poll', { number }, { ...options, delay: AGAIN_MS }),
      ])
      done(1)
    },
    { connection, concurrency: CONCURRENCY },
  )
  worker.on('error', console.error)
  worker.on('failed', (_, error) => {
    throw error
  })
}
