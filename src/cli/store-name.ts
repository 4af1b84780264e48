/** `--store postgres`: the demo brings its own server. */
export const OWN_SERVER = 'postgres'

/** Whether a store is named by the URL of a PostgreSQL database. */
export function isPostgresUrl(store: string): boolean {
  return /^postgres(ql)?:\/\//.test(store)
}

/** Whether the orders of a demo lie on PostgreSQL, its own or another. */
export function isPostgres(store: string | undefined): boolean {
  return store !== undefined && (store === OWN_SERVER || isPostgresUrl(store))
}
