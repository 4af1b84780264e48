import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { partsOf } from '../../../http/route.ts'
import { JournalView, journalView, OrderView, orderView } from '../../../http/views.ts'
import { FAULT_LEVELS } from '../../../simulator/faults.ts'
import { STORIES } from './stories.ts'
import type { Till, TillNow } from './till.ts'

/** In the smallest unit; nobody's coffee costs more. */
const total = z.int().min(1).max(1_000_000)

const SaleWish = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('quick_pay'),
    total,
    auth_code: z.string().regex(/^1[0-5]\d{16}$/, 'expected 18 digits that begin with 10 to 15'),
  }),
  z.strictObject({ kind: z.literal('native'), total }),
])

const PhoneWish = z.union([
  z.strictObject({ do: z.literal('scan'), code_url: z.string().max(500) }),
  z.strictObject({ do: z.enum(['pay', 'pay-slowly', 'refuse']) }),
  z.strictObject({
    network: z.enum(['up', 'down']).exactOptional(),
    password: z.boolean().exactOptional(),
  }),
])

const SwitchesWish = z.strictObject({
  level: z.enum(FAULT_LEVELS).exactOptional(),
  repliesLost: z.boolean().exactOptional(),
  slowAnswers: z.boolean().exactOptional(),
  callbacksLost: z.boolean().exactOptional(),
  down: z.boolean().exactOptional(),
})

/** What the page is told; its types are the page's, too. */
export const TillView = z.object({
  now: z.string(),
  speed: z.number(),
  switches: z.object({
    level: z.enum(FAULT_LEVELS),
    repliesLost: z.boolean(),
    slowAnswers: z.boolean(),
    callbacksLost: z.boolean(),
    down: z.boolean(),
  }),
  phone: z.object({
    code: z.string(),
    hasNetwork: z.boolean(),
    asksPassword: z.boolean(),
    screen: z.enum(['code', 'asks', 'typing', 'sending', 'paid', 'returned', 'refused', 'failed', 'over']),
    payment: z
      .object({
        out_trade_no: z.string(),
        kind: z.enum(['quick_pay', 'native']),
        total: z.int(),
        currency: z.string(),
      })
      .nullable(),
    why: z.string().nullable(),
  }),
  sale: z
    .object({ story: z.enum(STORIES).nullable(), code_url: z.string().nullable(), order: OrderView })
    .nullable(),
  journal: z.array(JournalView),
  truth: z
    .object({
      trade_state: z.string().nullable(),
      paid: z.boolean(),
      charged: z.int(),
      refunded: z.int(),
    })
    .nullable(),
})

/** The till and the phone below `/demo/`, on the server of a demo: nobody needs a key there. */
export function serveTill(app: FastifyInstance, till: Till, { speed }: { readonly speed: number }): void {
  const now = async () => viewOf(await till.now(), speed)
  /** Does what the body says, and tells how everything stands then. */
  const post = <Body extends z.ZodType>(
    path: string,
    body: Body,
    handle: (body: z.output<Body>) => Promise<void>,
  ): void => {
    app.post(path, async (request) => {
      await handle(partsOf({ ...NOTHING, body }, request).body as z.output<Body>)
      return now()
    })
  }

  app.get('/demo/info', QUIET, async () => ({ speed, stories: STORIES }))
  app.get('/demo/now', QUIET, now)
  post('/demo/sales', SaleWish, (wish) => till.ringUp(wish))
  post('/demo/stories', z.strictObject({ story: z.enum(STORIES) }), ({ story }) => till.play(story))
  post('/demo/faults', SwitchesWish, (changes) => till.turn(changes))
  post('/demo/phone', PhoneWish, async (wish) => {
    if (!('do' in wish)) await till.setPhone(wish)
    else if (wish.do === 'scan') await till.scan(wish.code_url)
    else if (wish.do === 'refuse') await till.refuse()
    else await till.pay({ slowly: wish.do === 'pay-slowly' })
  })
}

/** Asked several times a second. */
const QUIET = { logLevel: 'warn' } as const
const NOTHING = { params: z.strictObject({}), query: z.strictObject({}) }

function viewOf({ nowMs, switches, phone, sale, truth }: TillNow, speed: number): z.input<typeof TillView> {
  return {
    now: new Date(nowMs).toISOString(),
    ...{ speed, switches, phone, truth },
    sale: sale && { story: sale.story, code_url: sale.code_url, order: orderView(sale.order) },
    journal: (sale?.journal ?? []).map(journalView),
  }
}
