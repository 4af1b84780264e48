import type { Order } from '../api/types.ts'
import { orderWords } from '../words/order.ts'

/** What is true of an order in one word, as a coloured mark; the word alone says it, too. */
export function StateMark({ state }: { readonly state: Order['state'] }) {
  return <span class={`state state-${state}`}>{orderWords.value.states[state]}</span>
}

export function AttentionMark({ code }: { readonly code: Order['attention'] }) {
  if (code === null) return null
  return <span class="state state-attention">{orderWords.value.attentionShort[code]}</span>
}
