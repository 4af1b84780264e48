import { useMemo } from 'preact/hooks'
import { encode } from 'uqr'

/** Of light modules round the code, as its standard wants. */
const QUIET = 4

/** Dark on light in every theme: phones read it so. */
export function QrCode({ text, label }: { readonly text: string; readonly label: string }) {
  const { path, size } = useMemo(() => {
    const { data, size } = encode(text, { border: QUIET, ecc: 'M' })
    const dark = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])))
    return { path: dark.join(''), size }
  }, [text])
  return (
    <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} data-text={text}>
      <rect width={size} height={size} class="qr-light" />
      <path d={path} class="qr-dark" shape-rendering="crispEdges" />
    </svg>
  )
}
