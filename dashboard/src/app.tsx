import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { session } from './api/session.ts'
import { recogniseSession } from './api/sign-in.ts'
import { pageAt } from './pages/index.ts'
import { Login } from './pages/login/login.tsx'
import { Failure } from './parts/failure.tsx'
import { Shell } from './shell/shell.tsx'

/** Asks who is signed in, and shows the page of the address, or the one to sign in. */
export function App() {
  const failure = useSignal<unknown>(null)
  const recognise = (): void => {
    failure.value = null
    recogniseSession().catch((error: unknown) => {
      failure.value = error
    })
  }
  useEffect(recognise, [])

  if (session.value === null) return <Login />
  if (failure.value !== null && session.value === undefined)
    return (
      <main class="alone">
        <Failure of={failure.value} retry={recognise} />
      </main>
    )
  if (session.value === undefined) return <main class="alone" aria-busy="true" />
  const page = pageAt()
  return (
    <Shell page={page}>
      <page.Body />
    </Shell>
  )
}
