/** An object of a JSON text. Its fields are unknown until somebody looks. */
export interface JsonObject {
  readonly [field: string]: unknown
}

/** The object that a text holds; null if it is no JSON or anything but an object. A byte order mark is passed over (RFC 8259, 8.1). */
export function jsonObjectFrom(text: string): JsonObject | null {
  try {
    return asJsonObject(JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text))
  } catch {
    return null
  }
}

export function asJsonObject(value: unknown): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null
}

/** A field's text; undefined if it is absent, empty or no text. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A field's integer; undefined if it is absent or anything else. */
export function integerOf(value: unknown): number | undefined {
  return Number.isSafeInteger(value) ? Number(value) : undefined
}

/** Those of an object's fields that hold text, under their own names. */
export function textsOf<Name extends string>(
  json: JsonObject,
  names: readonly Name[],
): { [N in Name]?: string } {
  return fieldsOf(json, names, textOf)
}

/** Those of an object's fields that hold integers, under their own names. */
export function integersOf<Name extends string>(
  json: JsonObject,
  names: readonly Name[],
): { [N in Name]?: number } {
  return fieldsOf(json, names, integerOf)
}

function fieldsOf<Name extends string, T>(
  json: JsonObject,
  names: readonly Name[],
  read: (value: unknown) => T | undefined,
): { [N in Name]?: T } {
  const fields: { [N in Name]?: T } = {}
  for (const name of names) {
    const value = read(json[name])
    if (value !== undefined) fields[name] = value
  }
  return fields
}
