import { z } from 'zod'
import { type Route, route } from '../../../http/route.ts'
import { journalView, orderView } from '../../../http/views.ts'
import { FAULT_LEVELS } from '../../../simulator/faults.ts'
import type { Till, TillNow } from './till.ts'
import { STORIES, TillView } from './view.ts'

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

/** The till and the phone, below `/demo/` of a demo's server. Whatever is done, the answer tells how all stands then. */
export function tillRoutes(till: Till, { speed }: { readonly speed: number }): readonly Route[] {
  const now = async () => viewOf(await till.now(), speed)
  const tag = 'demo'
  const post = <Body extends z.ZodType>(
    path: string,
    summary: string,
    body: Body,
    act: (body: z.output<Body>) => Promise<void>,
  ): Route =>
    route({
      ...{ method: 'POST', path, role: 'operate', tag, summary, body, reply: TillView },
      async handle(request) {
        await act(request.body)
        return now()
      },
    })
  const Info = z.object({ speed: z.number(), stories: z.array(z.enum(STORIES)) })
  return [
    route({
      ...{
        method: 'GET',
        path: '/demo/info',
        role: 'read',
        tag,
        summary: 'Whether there is a till',
        reply: Info,
      },
      handle: () => ({ speed, stories: [...STORIES] }),
    }),
    route({
      ...{ method: 'GET', path: '/demo/now', role: 'read', tag, summary: 'How all stands', reply: TillView },
      handle: now,
    }),
    post('/demo/sales', 'Ring up a sale', SaleWish, (wish) => till.ringUp(wish)),
    post('/demo/stories', 'Watch a story', z.strictObject({ story: z.enum(STORIES) }), ({ story }) =>
      till.play(story),
    ),
    post('/demo/faults', 'Turn switches', SwitchesWish, (changes) => till.turn(changes)),
    post('/demo/phone', 'Do something with the phone', PhoneWish, async (wish) => {
      if (!('do' in wish)) await till.setPhone(wish)
      else if (wish.do === 'scan') await till.scan(wish.code_url)
      else if (wish.do === 'refuse') await till.refuse()
      else await till.pay({ slowly: wish.do === 'pay-slowly' })
    }),
  ]
}

function viewOf({ nowMs, switches, phone, sale, truth }: TillNow, speed: number): z.input<typeof TillView> {
  return {
    now: new Date(nowMs).toISOString(),
    ...{ speed, switches, phone, truth },
    sale: sale && { story: sale.story, code_url: sale.code_url, order: orderView(sale.order) },
    journal: (sale?.journal ?? []).map(journalView),
  }
}
