/** `--store postgres` brings its own server. */
export const OWN_SERVER = 'postgres'

export function isPostgres(store: string | undefined): boolean {
  return store === OWN_SERVER || /^postgres(ql)?:\/\//.test(store ?? '')
}
