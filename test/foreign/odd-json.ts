import type { Luck } from './chance.ts'

/** JSON that says the same in other bytes: spaces, escapes and the order of the members are the writer's choice. */
export function oddJson(value: unknown, luck: Luck): string {
  const style = luck.pick(['compact', 'compact', 'pretty', 'odd'])
  if (style === 'compact') return JSON.stringify(value)
  if (style === 'pretty') return JSON.stringify(value, null, luck.pick([1, 2, 4]))
  return odd(value, luck)
}

function odd(value: unknown, luck: Luck): string {
  const gap = (): string => luck.pick(['', '', '', ' ', '\n', '\t', '\r\n  '])
  const joined = (parts: readonly string[], [open, close]: readonly [string, string]): string =>
    `${open}${gap()}${parts.map((part) => part + gap()).join(`,${gap()}`)}${close}`
  if (typeof value === 'string') return oddText(value, luck)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) {
    return joined(
      value.map((item) => odd(item, luck)),
      ['[', ']'],
    )
  }
  const members = shuffled(
    Object.entries(value).filter(([, member]) => member !== undefined),
    luck,
  )
  return joined(
    members.map(([name, member]) => `${oddText(name, luck)}${gap()}:${gap()}${odd(member, luck)}`),
    ['{', '}'],
  )
}

function oddText(text: string, luck: Luck): string {
  return JSON.stringify(text).replace(/[\w/\u0080-\uffff]/g, (char, at: number, whole: string) => {
    if (whole[at - 1] === '\\') return char
    if (char === '/') return luck.chance(0.5) ? '\\/' : char
    if (!luck.chance(0.1)) return char
    const code = char.charCodeAt(0).toString(16).padStart(4, '0')
    return `\\u${luck.chance(0.5) ? code : code.toUpperCase()}`
  })
}

function shuffled<T>(things: readonly T[], luck: Luck): T[] {
  const sorted = things.map((thing) => ({ thing, at: luck.draw() })).sort((a, b) => a.at - b.at)
  return sorted.map(({ thing }) => thing)
}
