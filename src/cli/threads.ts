import { availableParallelism } from 'node:os'

/*
 * Imported before all else: the thread pool, which signs, takes its size when it is first used. Left alone it has four
 * threads: too few on many cores, and on two so many that the one who has to feed them waits for a core. Two at least: libuv
 * keeps names that are slow to resolve to half of them.
 */
process.env.UV_THREADPOOL_SIZE ||= String(Math.max(2, availableParallelism()))
