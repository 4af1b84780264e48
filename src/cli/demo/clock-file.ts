import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { anchorNow, type ClockAnchor, reanchor } from '../../clock.ts'
import { VerdictError } from '../../errors.ts'

/**
 * The anchor of compressed time, in a file that both processes read. Its moment never runs back: a start at another
 * speed goes on from where the old one stands.
 */
export function anchorIn(file: string, speed: number | undefined, defaultSpeed: number): ClockAnchor {
  if (!existsSync(file)) return kept(file, anchorNow(speed ?? defaultSpeed))
  const anchor = readAnchor(file)
  return speed === undefined || speed === anchor.speed ? anchor : kept(file, reanchor(anchor, speed))
}

/** @throws OPTION_INVALID if the file holds no anchor */
export function readAnchor(file: string): ClockAnchor {
  try {
    const { realMs, simulatedMs, speed }: Partial<ClockAnchor> = JSON.parse(readFileSync(file, 'utf8'))
    if (Number.isFinite(realMs) && Number.isFinite(simulatedMs) && Number.isFinite(speed)) {
      return { realMs: Number(realMs), simulatedMs: Number(simulatedMs), speed: Number(speed) }
    }
  } catch (cause) {
    throw new VerdictError('OPTION_INVALID', `${file} can't be read; expected the clock of an earlier run`, {
      cause,
    })
  }
  throw new VerdictError('OPTION_INVALID', `${file} holds no clock; expected realMs, simulatedMs and speed`)
}

function kept(file: string, anchor: ClockAnchor): ClockAnchor {
  writeFileSync(`${file}.new`, `${JSON.stringify(anchor)}\n`)
  renameSync(`${file}.new`, file)
  return anchor
}
