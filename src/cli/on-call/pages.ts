import { VerdictError } from '../../errors.ts'

/** What a person scrolls through, and what a program takes in one go. */
const LIMIT_MAX = 100_000
const PAGE = 200

export const LIMIT_DEFAULT = 50

export interface Limited<Item> {
  readonly items: readonly Item[]
  readonly isMore: boolean
}

/**
 * At most `limit` of a list that is read page by page, and whether there are more.
 *
 * @param next the page behind `last`, or the first one for null: `count` items, fewer only at the end
 * @throws OPTION_INVALID for a limit that is none
 */
export async function limited<Item>(
  limit: number,
  next: (last: Item | null, count: number) => Promise<readonly Item[]>,
): Promise<Limited<Item>> {
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX) {
    throw new VerdictError(
      'OPTION_INVALID',
      `--limit is ${limit}; expected a whole number from 1 to ${LIMIT_MAX}`,
    )
  }
  const items: Item[] = []
  while (items.length <= limit) {
    const count = Math.min(PAGE, limit + 1 - items.length)
    const page = await next(items.at(-1) ?? null, count)
    items.push(...page)
    if (page.length < count) break
  }
  return { items: items.slice(0, limit), isMore: items.length > limit }
}
