import type { AttentionCode } from './attention.ts'

/** What each mark means, and what whoever is on call does about it: for the command line and the dashboard. */
export const ATTENTION_WORDS: Readonly<Record<AttentionCode, string>> = {
  amount_mismatch:
    'WeChat Pay signed another amount or currency than the order has. Nothing is ended or refunded by itself: find out who placed it; if WeChat Pay is right, accept the evidence. Where the order has its verdict, WeChat Pay signed the right amount as well: compare with the merchant platform.',
  identity_mismatch:
    'WeChat Pay answered our question about another merchant or order. Nothing is ended or refunded: check the account and the sub-merchant.',
  number_used:
    'The number was used with other parameters. Somebody else may have placed it: find out who, and use another number.',
  paid_after_revoke:
    'WeChat Pay accepted a revoke and still says paid. Look on the merchant platform whether the customer has the money back; if not, accept the evidence.',
  vanished:
    'WeChat Pay does not know an order that it knew, or that was tracked. It is asked further: if it stays, check number and sub-merchant, or stop the tracking.',
  unknown_trade_state:
    'WeChat Pay names a trade_state that Verdict does not know. A newer Verdict may know it.',
  incomplete_statement:
    'WeChat Pay states an end and does not name the order fully. It is asked further; if it stays, ask WeChat Pay.',
  unsigned_unknown:
    '"No such order" came without a signature and is not believed. Something between us and WeChat Pay may answer in its place.',
  key_refused: 'WeChat Pay refuses our signature. Check key, serial number and clock: verdict doctor.',
  key_unknown:
    "Answers are signed with a key that the account does not have. Check WeChat Pay's public key: verdict doctor.",
  call_refused: 'WeChat Pay refuses a call, and repeating it will not help. Its journal has the reason.',
  overdue:
    'Nothing final half an hour after the window. It is asked further: see whether WeChat Pay answers, and why not.',
  unfinished:
    'A tracked order stays unpaid, and Verdict may not end it. Whoever placed it closes it; or let Verdict end it, or stop the tracking.',
  late_money:
    'An order that was given up is paid, and a person decides: deliver what was bought and accept the evidence, or refund it.',
  refund_mismatch:
    'WeChat Pay signed another amount, currency or end of a refund than was asked for. Nothing is refunded by itself: compare with the merchant platform.',
  refund_abnormal:
    "A refund can't reach the customer's account. Give it another way on the merchant platform.",
  refund_closed:
    'WeChat Pay closed a refund: the money did not go back. If it should, ask again with a new idempotency key.',
  refund_refused:
    'WeChat Pay refused a refund for good: the money did not go back. If it should, mend the reason and ask with a new idempotency key.',
  refund_overdue:
    "A refund was asked for four days ago and has not ended. See the account's balance, and ask WeChat Pay.",
  unknown_refund_status:
    "WeChat Pay names a refund's status that Verdict does not know. A newer Verdict may know it.",
}
