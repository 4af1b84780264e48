/** Whether it is text that a journal and a terminal can show: not blank, on one line, without control characters. */
export function isLine(text: unknown, lengthMax: number): text is string {
  return (
    typeof text === 'string' &&
    text.trim() !== '' &&
    text.length <= 2 * lengthMax &&
    [...text].length <= lengthMax &&
    !/[\p{Cc}\p{Cs}]/u.test(text)
  )
}
