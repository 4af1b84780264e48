import { linkTo } from '../../router.ts'
import { missingWords } from './words.ts'

export function Missing() {
  const words = missingWords.value
  return (
    <>
      <h1>{words.title}</h1>
      <p>
        {words.explained} <a href={linkTo([])}>{words.home}</a>
      </p>
    </>
  )
}
