import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { connection } from '../api/live.ts'
import { session } from '../api/session.ts'
import { signOut } from '../api/sign-in.ts'
import { PAGES, type Page } from '../pages/index.ts'
import { linkTo, place } from '../router.ts'
import { Preferences } from './preferences.tsx'
import { shellWords } from './words.ts'

/** What surrounds every page: the menu, who is signed in, whether what is shown is live, language and colours. */
export function Shell({ page, children }: { readonly page: Page; readonly children: ComponentChildren }) {
  const words = shellWords.value
  const main = useRef<HTMLElement>(null)
  const path = place.value.path.join('/')
  const title = page.title()
  useEffect(() => {
    document.title = `${title} · Verdict`
  }, [title])
  const isFirst = useRef(true)
  useEffect(() => {
    if (!isFirst.current) main.current?.focus({ preventScroll: true })
    isFirst.current = false
  }, [path])
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        {words.skip}
      </button>
      <header class="top">
        <a class="brand" href={linkTo([])}>
          <span class="brand-mark" aria-hidden="true" />
          Verdict
        </a>
        <nav aria-label={words.menu}>
          <ul>
            {PAGES.filter(({ isOffered }) => isOffered?.() ?? true).map(({ name, title }) => (
              <li key={name}>
                <a href={linkTo([name])} aria-current={page.name === name ? 'page' : undefined}>
                  {title()}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <span class={`connection connection-${connection.value}`} role="status">
          {words.connection[connection.value]}
        </span>
        <Preferences />
        {/* In a demo nobody has signed in. */}
        {session.value?.csrf != null && (
          <button
            type="button"
            class="quiet"
            title={nameShown()}
            onClick={() => void signOut().catch(() => {})}
          >
            {words.signOut}
          </button>
        )}
      </header>
      <main id="main" tabIndex={-1} ref={main}>
        {children}
      </main>
    </>
  )
}

function nameShown(): string {
  return shellWords.value.signedInAs(session.value?.name ?? '')
}
