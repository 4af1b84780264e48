import type { Entry, Ruling, State } from './books.ts'
import type { Luck } from './chance.ts'
import type { Manners, Trouble } from './moods.ts'
import type { Wish } from './wish.ts'

/** What a reply states, before it is signed and spoilt. */
export interface Said {
  readonly status: number
  readonly text: string
  readonly trouble: Trouble | null
}

/** What the words of one reply hang on. */
export interface Speech {
  readonly wish: Wish
  readonly luck: Luck
  readonly manners: Manners
}

export function refused(status: number, code: string, signed: boolean, trouble: Trouble | null = null): Said {
  const text = JSON.stringify({ code, message: `${code.toLowerCase()}: see the manual`, detail: null })
  return { status, text, trouble: trouble ?? (signed ? null : 'unsigned') }
}

export function said(speech: Speech, ruling: Ruling, trouble: Trouble | null): Said {
  const { wish, luck, manners } = speech
  if (!ruling.ok) return refused(ruling.status, ruling.code, luck.chance(0.9), trouble)
  if (wish.do === 'place') return placed(speech, ruling.entry, trouble)
  if (manners.done.startsWith('204')) return { status: 204, text: '', trouble }
  const text = manners.done === '200 with code' ? '{"code":"SUCCESS","message":"成功"}' : '{}'
  return { status: 200, text, trouble }
}

function placed(speech: Speech, entry: Entry, trouble: Trouble | null): Said {
  const { state, tradeType } = entry
  if (tradeType !== 'MICROPAY') {
    return { status: 200, text: JSON.stringify(credentialOf(entry)), trouble }
  }
  if (state === 'USERPAYING' && trouble === 'accepted') {
    return refused(202, 'USERPAYING', speech.luck.chance(0.5))
  }
  const bare = state !== 'SUCCESS' && speech.luck.chance(0.6)
  const text = bare ? JSON.stringify({ trade_state: state }) : statement(speech, entry, state, trouble)
  return { status: 200, text, trouble }
}

export function statement(
  { luck, manners }: { readonly luck: Luck; readonly manners: Pick<Manners, 'idName'> },
  entry: Entry,
  state: State,
  trouble: Trouble | null,
): string {
  const paid = entry.paidAtMs !== null && (state === 'SUCCESS' || state === 'REFUND')
  const withAmount = paid || luck.chance(0.5)
  const sloppy = trouble === 'sloppy'
  const total = sloppy && luck.chance(0.5) ? String(entry.total) : entry.total
  const amount = { total, currency: entry.currency, payer_total: entry.total * 9, payer_currency: 'CNY' }
  const { sub_mchid = null } = entry.owner
  return JSON.stringify({
    x_trace: { region: 'hk', hops: [1, 2] },
    trade_state: trouble === 'strange' ? luck.pick(['PROCESSING', 'success', 'SUCCESS ', 'PAID']) : state,
    trade_state_desc: luck.chance(0.5) ? `state: ${state}` : null,
    ...(sloppy && luck.chance(0.5) ? {} : { out_trade_no: entry.number }),
    [manners.idName]: paid || luck.chance(0.5) ? entry.id : null,
    trade_type: entry.tradeType,
    sub_mchid,
    ...entry.owner,
    attach: entry.attach,
    bank_type: null,
    success_time: paid ? momentOf(entry.paidAtMs ?? 0, luck) : null,
    payer: luck.chance(0.5) ? null : { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' },
    ...(withAmount ? { amount } : luck.chance(0.5) ? { amount: null } : {}),
    promotion_detail: [],
  })
}

function credentialOf({ tradeType, id }: Entry): object {
  switch (tradeType) {
    case 'NATIVE':
      return { code_url: `weixin://wxpay/bizpayurl?pr=${id.slice(-8)}`, prepay_id: null }
    case 'MWEB':
      return { mweb_url: `https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?id=${id}` }
    default:
      return { prepay_id: `wx${id}`, expires_in: 7200 }
  }
}

/** RFC 3339 as the documents allow it: in any time zone, with or without milliseconds. */
export function momentOf(ms: number, luck: Luck): string {
  const hours = luck.pick([0, 8, 8, -5])
  const local = new Date(ms + hours * 3_600_000).toISOString().slice(0, luck.chance(0.5) ? 19 : 23)
  const zone = `${hours < 0 ? '-' : '+'}0${Math.abs(hours)}:00`
  return hours === 0 && luck.chance(0.5) ? `${local}Z` : local + zone
}

/** Both spellings are in use. */
export function spelled(code: string, luck: Luck): string {
  return luck.chance(0.5) ? code : code.replaceAll('_', '')
}
