import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '..', '..')

/** @param path below the repository */
export function textOf(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** What stands under a heading of any level, up to the next of the same or a higher one. */
export function section(markdown: string, heading: string): string {
  const lines = markdown.split('\n')
  const from = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading)
  if (from < 0) throw new Error(`no heading "${heading}"`)
  const level = lines[from]?.indexOf(' ') ?? 0
  const length = lines.slice(from + 1).findIndex((line) => /^#+ /.test(line) && line.indexOf(' ') <= level)
  return lines.slice(from + 1, length < 0 ? undefined : from + 1 + length).join('\n')
}

/** The rows of all tables in a text, without their heads, as trimmed cells. */
export function rows(markdown: string): string[][] {
  const lines = markdown.split('\n')
  return lines.flatMap((line, i) => {
    const isRow = line.startsWith('|') && !isRule(line) && !isRule(lines[i + 1] ?? '')
    return isRow ? [cells(line)] : []
  })
}

function isRule(line: string): boolean {
  return /^\|(?:\s*:?-+:?\s*\|)+$/.test(line)
}

function cells(line: string): string[] {
  const inner = line.trim().replace(/^\|/, '').replace(/\|$/, '')
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'))
}

/** What stands in backticks in a cell, in order. */
export function codesIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)
}

/** The fenced blocks of a language, in order. */
export function blocks(markdown: string, language: string): string[] {
  const found = markdown.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))
  return [...found].map(([, text = '']) => text)
}

/** Targets of links that lead to files, without the part after `#`. */
export function linkedFiles(markdown: string): string[] {
  const prose = markdown.replaceAll(/^```[\s\S]*?^```/gm, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target.replace(/#.*$/, ''))
    .filter((target) => target !== '' && !/^[a-z]+:/.test(target))
}
