import { z } from 'zod'
import { JournalView, OrderView } from '../../../http/views.ts'

/* The page's types are made from this file, so it imports nothing of Node. */

export const STORIES = ['lost-reply', 'last-second', 'line-dies', 'cancelled'] as const
export type StoryName = (typeof STORIES)[number]

/** How till, phone, Verdict and WeChat Pay stand: what the page is told. */
export const TillView = z.object({
  now: z.string(),
  speed: z.number(),
  switches: z.object({
    level: z.enum(['none', 'mild', 'harsh']),
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
