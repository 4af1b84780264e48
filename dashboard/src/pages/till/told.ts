import { ageMs, PATIENCE_MS, type Sale, type Standing } from './facts.ts'

type StoryName = NonNullable<Sale['story']>

/** When each sentence of a story becomes true. The sentences themselves are in the words, in the same order. */
const WHEN: Readonly<Record<StoryName, ReadonlyArray<(standing: Standing) => boolean>>> = {
  'lost-reply': [
    () => true,
    ({ truth }) => truth?.paid === true,
    (standing) => silent(standing, 'place') > 0,
    (standing) => silent(standing, 'place') > 0,
    ended,
  ],
  'last-second': [
    () => true,
    (standing) => asked(standing) > 1,
    (standing) => ageMs(standing) >= PATIENCE_MS,
    ({ truth }) => truth?.paid === true,
    ended,
  ],
  'line-dies': [
    () => true,
    ({ truth }) => truth?.paid === true,
    (standing) => silent(standing, 'query') > 0,
    (standing) => silent(standing, 'query') > 1,
    ended,
  ],
  cancelled: [
    () => true,
    ({ journal }) => journal.some(({ event }) => event === 'give-up'),
    ({ truth }) => truth?.paid === true,
    ended,
  ],
}

/** How many sentences of the story are true by now: they come one after the other, and stay. */
export function sentencesTrue(story: StoryName, standing: Standing): number {
  return WHEN[story].findLastIndex((isTrue) => isTrue(standing)) + 1
}

export function sentencesIn(story: StoryName): number {
  return WHEN[story].length
}

function ended({ sale }: Standing): boolean {
  return sale?.order.verdict != null
}

function asked({ journal }: Standing): number {
  return journal.filter(({ event, call }) => event === 'answer' && call === 'query').length
}

function silent({ journal }: Standing, call: 'place' | 'query'): number {
  return journal.filter((line) => line.event === 'no-answer' && line.call === call).length
}
