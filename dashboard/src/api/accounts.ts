import { effect, signal } from '@preact/signals'
import { get } from './client.ts'
import { session } from './session.ts'

/** The names of the accounts, once somebody is signed in. */
export const accounts = signal<readonly string[]>([])

effect(() => {
  if (session.value == null) return
  get<{ readonly data: readonly { readonly account: string }[] }>('/v1/accounts').then(
    ({ data }) => {
      accounts.value = data.map(({ account }) => account)
    },
    // The filter goes without them.
    () => {},
  )
})
