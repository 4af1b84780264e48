/**
 * Signatures with which a customer's page or app calls the payment: the merchant's key over four lines. Source:
 * signing rules of JSAPI, mini program and app payment; the official SDKs agree on the fourth line of the app.
 */
export interface PaySignFields {
  /** The appid whose page, mini program or app calls the payment. */
  readonly appid: string
  /** Unix seconds. */
  readonly timestamp: string
  readonly nonce: string
  readonly prepay_id: string
}

/** For JSAPI and mini program. */
export function jsapiMessage({ appid, timestamp, nonce, prepay_id }: PaySignFields): string {
  return `${appid}\n${timestamp}\n${nonce}\nprepay_id=${prepay_id}\n`
}

/** For the app: the bare `prepay_id`; `Sign=WXPay` is sent beside it and not signed. */
export function appMessage({ appid, timestamp, nonce, prepay_id }: PaySignFields): string {
  return `${appid}\n${timestamp}\n${nonce}\n${prepay_id}\n`
}

/** What `WeixinJSBridge.invoke('getBrandWCPayRequest', …)` takes. */
export function jsapiPaySign(fields: PaySignFields, sign: (message: string) => string) {
  return { appId: fields.appid, ...miniProgramPaySign(fields, sign) }
}

/** What `wx.requestPayment` takes: the appid is signed and not passed. */
export function miniProgramPaySign(fields: PaySignFields, sign: (message: string) => string) {
  return {
    timeStamp: fields.timestamp,
    nonceStr: fields.nonce,
    package: `prepay_id=${fields.prepay_id}`,
    signType: 'RSA',
    paySign: sign(jsapiMessage(fields)),
  } as const
}

/** What the app SDK's `PayReq` takes. */
export function appPaySign(fields: PaySignFields, partnerid: string, sign: (message: string) => string) {
  return {
    appid: fields.appid,
    partnerid,
    prepayid: fields.prepay_id,
    package: 'Sign=WXPay',
    noncestr: fields.nonce,
    timestamp: fields.timestamp,
    sign: sign(appMessage(fields)),
  } as const
}
