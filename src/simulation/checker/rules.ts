/** What is checked, by the number of the design's section or the guide's rule. */
export const RULES = {
  'no verdict without evidence': 'design 3.1',
  'the verdict is the truth': 'design 3.1',
  'evidence verifies': 'design 3.1',
  'a verdict never falls': 'design 3.3',
  'late money is refunded only when it is certain': 'design 3.3',
  'late money follows the policy': 'design 4',
  'intent before effect': 'design 3.4',
  'no order is forgotten': 'design 3.5',
  'every order ends': 'design 3.5',
  'a change is decided on what is stored': 'design 3.6',
  'every verdict is delivered': 'design 3.7',
  'messages keep their sequence': 'design 3.7',
  'nothing is told before it is written': 'design 3.7',
  'the budget holds': 'design 3.8',
  'what is acknowledged is stored': 'guide 2.4',
  'good callbacks are taken': 'guide 2',
  'one order for a purchase': 'guide 6.9',
  'one process at a time': 'design 3.6',
  'bad callbacks change nothing': 'design 3.9',
  'secrets are not stored': 'design 3.9',
  'Quick Pay is placed once': 'design 2',
  'no late placing': 'design 2',
  'nothing is ended too early': 'guide 1.7, 3.4',
  'nothing is ended without cause': 'design 2',
  'queried before it is ended': 'design 2',
  'queries keep the rhythm': 'guide 1.6',
  'a refund keeps its number and bytes': 'design 2',
  'refunds stay below the total': 'design 2',
  'refunds of an order are a minute apart': 'design 2',
  'every refund ends': 'design 3.5',
  'the work comes to rest': 'design 7',
  'charged is kept and refunded': 'money',
  'callers are not surprised': 'design 3.9',
} as const

export type Rule = keyof typeof RULES

/** A rule that was broken. */
export interface Finding {
  readonly rule: Rule
  /** The order that it is about; null for none. */
  readonly out_trade_no: string | null
  readonly says: string
}

/** What was found, the first finding first: what follows may follow from it. */
export class Findings {
  readonly all: Finding[] = []

  readonly broke = (rule: Rule, out_trade_no: string | null, says: string): void => {
    this.all.push({ rule, out_trade_no, says })
  }

  get first(): Finding | null {
    return this.all[0] ?? null
  }
}
