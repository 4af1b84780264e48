import { ApiError, Unreachable } from '../api/client.ts'
import { partsWords } from './words.ts'

/** What went wrong, in words: the service's own sentence with its code, where there is one. */
export function Failure({ of: error, retry }: { readonly of: unknown; readonly retry?: () => void }) {
  const words = partsWords.value
  return (
    <div class="failure" role="alert">
      <p>{error instanceof Unreachable ? words.unreachable : words.failed}</p>
      {error instanceof ApiError ? (
        <p>
          {error.problem.detail}{' '}
          <a href={error.problem.type} class="code">
            {error.problem.code}
          </a>
        </p>
      ) : (
        <p class="muted">{error instanceof Error ? error.message : String(error)}</p>
      )}
      {retry !== undefined && (
        <button type="button" onClick={retry}>
          {words.again}
        </button>
      )}
    </div>
  )
}
