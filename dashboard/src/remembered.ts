/** A choice that this browser remembers. Where it may not remember, the choice lasts as long as the page. */
export interface Memory {
  read(): string | null
  write(value: string | null): void
}

export function remembered(name: string, isValid: (value: string) => boolean): Memory {
  const key = `verdict.${name}`
  return {
    read() {
      try {
        const value = localStorage.getItem(key)
        return value !== null && isValid(value) ? value : null
      } catch {
        return null
      }
    },
    write(value) {
      try {
        if (value === null) localStorage.removeItem(key)
        else localStorage.setItem(key, value)
      } catch {
        // A browser that forbids it.
      }
    },
  }
}
