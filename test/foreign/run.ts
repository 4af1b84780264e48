// node test/foreign/run.ts [SEED] [ORDERS] [SPEED] [KILLS] [HARSHNESS]: a bigger day than the test's, by hand.
import { marketDay } from './market.ts'

const [seed = 1, orders = 150, speed = 30, kills = 3, harshness = 1] = process.argv.slice(2).map(Number)
const day = { seed, orders, speed, kills, harshness, comingMs: 240_000, untilMs: 1_500_000 }
console.log(JSON.stringify(await marketDay(day), null, 2))
