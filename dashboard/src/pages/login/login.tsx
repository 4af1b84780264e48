import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { signIn } from '../../api/sign-in.ts'
import { Failure } from '../../parts/failure.tsx'
import { Preferences } from '../../shell/preferences.tsx'
import { loginWords } from './words.ts'

export function Login() {
  const words = loginWords.value
  const field = useRef<HTMLInputElement>(null)
  const failure = useSignal<unknown>(null)
  const isBusy = useSignal(false)
  useEffect(() => {
    document.title = `${words.title} · Verdict`
  }, [words.title])
  useEffect(() => field.current?.focus(), [])

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    if (isBusy.value) return
    isBusy.value = true
    failure.value = null
    try {
      await signIn(field.current?.value.trim() ?? '')
    } catch (error) {
      failure.value = error
      field.current?.select()
    } finally {
      isBusy.value = false
    }
  }
  return (
    <main class="alone">
      <form class="card login" onSubmit={submit}>
        <h1>
          <span class="brand-mark" aria-hidden="true" /> Verdict
        </h1>
        <p class="muted">{words.what}</p>
        <label for="key">{words.key}</label>
        <input
          id="key"
          type="password"
          autocomplete="current-password"
          required
          spellcheck={false}
          aria-describedby="key-hint"
          ref={field}
        />
        <p id="key-hint" class="muted small">
          {words.hint}
        </p>
        {failure.value !== null && <Failure of={failure.value} />}
        <button type="submit" class="main" disabled={isBusy.value}>
          {words.signIn}
        </button>
      </form>
      <Preferences />
    </main>
  )
}
