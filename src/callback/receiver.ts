import { type Clock, within } from '../clock.ts'
import type {
  CallbackGateway,
  CallbackHint,
  OpenedCallback,
  UnreadableCallback,
  VerifiedCallback,
} from '../gateway/gateway.ts'
import { CALLBACK_BYTES_MAX, type CallbackReceiver, type CallbackReply, refusal } from './http.ts'

/** Where callbacks go once they are opened: the engine, as the receiver sees it. */
export interface Desk {
  /** Resolves when it is on disk. Rejects if the store fails, or Verdict is closed. */
  receive(account: string, callback: VerifiedCallback): Promise<Received>
  /** @returns whether it made a query due */
  hint(account: string, hint: CallbackHint): Promise<boolean>
  /** @param account whose callback it is; null if nobody can tell */
  count(what: 'received' | 'applied' | 'repeated' | 'refused' | 'hints', account: string | null): void
  notify(notice: { readonly level: 'warn'; readonly message: string }): void
}

export type Received =
  | { readonly kind: 'applied' | 'repeated' | 'unknown-order' }
  | { readonly kind: 'refused'; readonly why: string }

export interface ReceiverOptions {
  /** The accounts whose callbacks may come here, by name. */
  readonly accounts: ReadonlyMap<string, CallbackGateway>
  readonly desk: Desk
  readonly clock: Clock
  /** Below the 5 s after which WeChat Pay stops waiting. Default 4,000. */
  readonly answerMs?: number | undefined
}

const ANSWER_MS = 4_000

/**
 * Answers WeChat Pay's callbacks: a function of headers and raw body that knows no HTTP framework (guide page 2). In
 * this order: size, headers, age, signature over the raw bytes, decryption, our identity, our order, amount and
 * currency, state; then one commit; and only then success.
 *
 * What can't be verified changes nothing and is answered 401. If its resource opens with our APIv3 key, the order that
 * it names is asked about. Whatever isn't answered in time goes on and is answered by 503: WeChat Pay comes again, and
 * finds it done. Never rejects.
 */
export function receiver({ accounts, desk, clock, answerMs = ANSWER_MS }: ReceiverOptions): CallbackReceiver {
  return async ({ headers, body }) => {
    desk.count('received', null)
    if (body.length > CALLBACK_BYTES_MAX)
      return refused({ desk, account: null }, 413, `the body has more than ${CALLBACK_BYTES_MAX} bytes`)
    const reply = openAndHand(accounts, desk, { headers, body }).catch((): CallbackReply => FAILED)
    return (await within(clock, answerMs, reply)) ?? LATE
  }
}

const FAILED = refusal(500, 'not written: send it again')
const LATE = refusal(503, 'not written yet: send it again')
const RECEIVED: CallbackReply = { status: 204, body: '' }

type Callback = Parameters<CallbackReceiver>[0]

interface Opened {
  readonly account: string
  readonly opened: OpenedCallback
}

async function openAndHand(
  accounts: ReceiverOptions['accounts'],
  desk: Desk,
  callback: Callback,
): Promise<CallbackReply> {
  const { account, opened } = await openedBy(accounts, callback)
  switch (opened.kind) {
    case 'verified':
      return hand(account, opened, desk)
    case 'unreadable':
      return unreadable(account, opened, desk)
    case 'unverified':
      if (opened.hint !== null && (await desk.hint(account, opened.hint))) desk.count('hints', account)
      return refused({ desk, account }, 401, WHY[opened.why])
  }
}

/** One address may serve several accounts: whoever can verify it is meant. */
async function openedBy(accounts: ReceiverOptions['accounts'], callback: Callback): Promise<Opened> {
  const all = await Promise.all(
    [...accounts].map(async ([account, gateway]) => ({
      account,
      opened: await gateway.openCallback(callback),
    })),
  )
  const [best] = all.toSorted((a, b) => rank(a.opened) - rank(b.opened))
  if (best === undefined) throw new Error('no account is open')
  return best
}

/** The account that can say most about a callback speaks for it. */
function rank(opened: OpenedCallback): number {
  switch (opened.kind) {
    case 'verified':
      return 0
    case 'unreadable':
      return opened.why === 'foreign' || opened.why === 'undecryptable' ? 2 : 1
    case 'unverified':
      return opened.hint !== null ? 3 : opened.why === 'unknown-key' ? 5 : 4
  }
}

async function hand(account: string, callback: VerifiedCallback, desk: Desk): Promise<CallbackReply> {
  const received = await desk.receive(account, callback)
  switch (received.kind) {
    case 'applied':
    case 'repeated':
      desk.count(received.kind, account)
      return RECEIVED
    case 'unknown-order':
      return refused({ desk, account }, 404, 'no such order here')
    case 'refused':
      return refused({ desk, account }, 409, received.why)
  }
}

function unreadable(account: string, { why }: UnreadableCallback, desk: Desk): CallbackReply {
  if (why === 'undecryptable') {
    desk.notify({
      level: 'warn',
      message: `${account}: the APIv3 key opens no callback that WeChat Pay signs: was it changed on one side only?`,
    })
    return refused({ desk, account }, 500, 'the resource can not be decrypted')
  }
  return why === 'foreign'
    ? refused({ desk, account }, 403, 'it is about another merchant')
    : refused({ desk, account }, 400, `it can not be read: ${why}`)
}

const WHY = {
  unsigned: 'a signature header is missing',
  forged: 'the signature does not verify',
  stale: 'the timestamp is 300 s or more away',
  'unknown-key': 'the Wechatpay-Serial is not known',
} as const

function refused(
  { desk, account }: { readonly desk: Desk; readonly account: string | null },
  status: number,
  why: string,
): CallbackReply {
  desk.count('refused', account)
  return refusal(status, why)
}
