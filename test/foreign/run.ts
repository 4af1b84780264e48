// node test/foreign/run.ts [SEED] [ORDERS] [SPEED] [KILLS] [HARSHNESS]: a bigger day than the test's, by hand.
import { marketDay } from './market.ts'

const [seed = 1, orders = 150, speed = 60, kills = 3, harshness = 1] = process.argv.slice(2).map(Number)
// Long enough for an empty CNY pool to fill, and for letters that come hours late.
const day = { seed, orders, speed, kills, harshness, comingMs: 240_000, untilMs: 9_000_000 }
console.log(JSON.stringify(await marketDay(day), null, 2))
