const REASONS: Readonly<Record<string, string>> = {
  unreachable: '无法连接',
  timeout: '超时',
  reset: '连接中断',
  'server-error': '服务器错误',
  'rate-limited': '请求过多',
  unsigned: '无签名',
  forged: '签名不符',
  stale: '签名过时',
  'unknown-key': '公钥未知',
  'key-refused': '我方签名被拒',
  unreadable: '无法解读',
  'not-sent': '未发出',
}

/** Why there was no answer, in Chinese. The HTTP status behind it stays, and so does a code that an unproven answer claims. */
export function silenceZh(said: string): string {
  const [reason = '', ...rest] = said.split(' ')
  return [REASONS[reason] ?? reason, ...rest].join(' ')
}
