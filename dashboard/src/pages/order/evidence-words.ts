import { inBothLanguages } from '../../words/language.ts'
import type { Check, Checked, Outcome, Result } from './verify.ts'

export const evidenceWords = inBothLanguages({
  en: {
    title: 'Evidence',
    none: 'WeChat Pay has signed nothing yet.',
    kept: (n: number) => `${n} signed ${n === 1 ? 'statement is' : 'statements are'} kept.`,
    service: (holds: boolean): string =>
      holds ? 'The service finds: the verdict is proven.' : 'The service finds: the verdict is not proven.',
    verify: 'Verify in this browser',
    cannot: 'A browser verifies signatures only on pages from https, or from this machine.',
    outcome: {
      proven: 'Verified here: every signature is WeChat Pay’s, and what it signed makes this verdict.',
      'no-verdict': 'Verified here: every signature is WeChat Pay’s. There is no verdict yet.',
      broken: 'A signature is not WeChat Pay’s: this evidence was altered, or its key is missing.',
      contradicted: 'The signatures hold, but the last final statement says something else than the verdict.',
      unstated: 'The signatures hold, but no statement here names this order with the verdict’s state.',
    } satisfies Record<Outcome['because'], string>,
    sources: { reply: 'reply to our question', callback: 'callback' },
    about: {
      order: 'about the order',
      refund: 'about a refund',
      refusal: 'refusal',
      nothing: 'unreadable',
    } satisfies Record<Checked['about'], string>,
    checks: {
      signature: 'Signature (RSA, SHA-256) by',
      number: 'names out_trade_no',
      merchant: 'names the merchant',
      amount: 'names the amount',
    } satisfies Record<Check['what'], string>,
    results: { right: 'right', wrong: 'wrong', absent: 'not in the signed text' } satisfies Record<
      Result,
      string
    >,
    proves: 'makes the verdict',
    opened:
      'The signature covers the encrypted text. What it says, the service read with the account’s APIv3 key, which never comes to a browser: that part is its word.',
    refusal: 'A refusal’s signed text names no order; the question, which is ours, does.',
    fingerprint: 'SHA-256 of the public key (compare it with the merchant platform’s):',
    denials: 'When two denials count, and how far apart they are, is checked by the service.',
  },
  zh: {
    title: '证据',
    none: 'WeChat Pay 尚未签名任何内容。',
    kept: (n: number) => `保存了 ${n} 条签名陈述。`,
    service: (holds: boolean): string => (holds ? '服务判断：结论已被证明。' : '服务判断：结论未被证明。'),
    verify: '在此浏览器中验证',
    cannot: '浏览器只在 https 页面或本机页面上验证签名。',
    outcome: {
      proven: '已在此验证：所有签名均来自 WeChat Pay，其签名内容得出此结论。',
      'no-verdict': '已在此验证：所有签名均来自 WeChat Pay。尚无结论。',
      broken: '有签名不属于 WeChat Pay：证据被篡改，或缺少公钥。',
      contradicted: '签名有效，但最后一条最终陈述与结论不符。',
      unstated: '签名有效，但没有陈述以结论的状态指明此订单。',
    },
    sources: { reply: '对查询的回复', callback: '回调' },
    about: { order: '关于订单', refund: '关于退款', refusal: '拒绝', nothing: '无法读取' },
    checks: {
      signature: '签名（RSA, SHA-256）',
      number: '指明 out_trade_no',
      merchant: '指明商户',
      amount: '指明金额',
    },
    results: { right: '正确', wrong: '错误', absent: '签名内容中没有' },
    proves: '得出结论',
    opened:
      '签名覆盖的是密文。其内容由服务用账户的 APIv3 密钥读取，该密钥不会进入浏览器：这一部分以服务所述为准。',
    refusal: '拒绝的签名内容不指明订单；指明订单的是我方的查询。',
    fingerprint: '公钥的 SHA-256（请与商户平台核对）：',
    denials: '两次否认何时有效、相隔多久，由服务检查。',
  },
})
