import type { z } from 'zod'
import { policiesFrom } from '../config.ts'
import { cut, SHOWN_MAX, VerdictError, written } from '../errors.ts'

/**
 * One sentence about the first thing that is wrong with the shape: `where.field is …; expected …`. What may be a secret is
 * not shown, wherever it stands.
 */
export function wrongShape(where: string, { issues }: z.ZodError, given: unknown): VerdictError {
  const [issue] = issues
  if (issue === undefined) return invalid(`${where}: wrong`)
  const { path } = issue
  const policiesAt = path.indexOf('policies')
  if (policiesAt >= 0) {
    const outer = path.slice(0, policiesAt + 1)
    return policiesWrong(`${where}: ${named(outer)}`, valueAt(given, outer))
  }
  if (issue.code === 'unrecognized_keys') {
    const unknown = [...path, ...issue.keys.slice(0, 1)]
    return invalid(`${where}: ${named(unknown)} is unknown; expected ${issue.message}`)
  }
  return invalid(`${where}: ${named(path)} is ${told(valueAt(given, path))}; expected ${issue.message}`)
}

/** Policies have words of their own for what is wrong. */
function policiesWrong(where: string, given: unknown): VerdictError {
  try {
    policiesFrom(given, where)
  } catch (error) {
    if (error instanceof VerdictError) return error
  }
  return invalid(`${where} is ${told(given)}; expected policies by kind`)
}

/** A wrong value in words; what is long or may be a key only by its length. */
export function told(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = written(value)
  return isSecretive(text) ? `a text of ${text.length - 2} characters` : text
}

/** PEM, an APIv3 key, a webhook's secret, or longer than any address that is right. */
function isSecretive(text: string): boolean {
  return text.length > SHOWN_MAX || /-----BEGIN|[0-9A-Za-z]{32}|whsec_/.test(text)
}

export function named(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'the value'
  return path
    .map((name, i) => (typeof name === 'number' ? `[${name}]` : `${i > 0 ? '.' : ''}${cut(String(name))}`))
    .join('')
}

function valueAt(given: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (part, name) => (typeof part === 'object' && part !== null ? Reflect.get(part, name) : undefined),
    given,
  )
}

export function invalid(message: string, more?: ErrorOptions): VerdictError {
  return new VerdictError('OPTION_INVALID', message, more)
}
