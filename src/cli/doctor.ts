import { type Examination, examine } from './doctor/examine.ts'
import type { Finding } from './doctor/finding.ts'
import type { Io } from './io.ts'

export interface DoctorOptions extends Examination {
  readonly json: boolean
}

/**
 * `verdict doctor`: the checks before launch, a line each as soon as it is known.
 *
 * @returns the exit code: 1 if a check failed
 */
export async function runDoctor(
  { json, ...examination }: DoctorOptions,
  { print }: Pick<Io, 'print'>,
): Promise<number> {
  const findings: Finding[] = []
  for await (const finding of examine(examination)) {
    findings.push(finding)
    if (!json) print(lineOf(finding))
  }
  const [failed, warned] = [countOf(findings, 'fail'), countOf(findings, 'warn')]
  if (json) print(JSON.stringify({ ok: failed === 0, failed, warned, findings }))
  else print(`${findings.length} checks: ${failed} failed, ${warned} to look at`)
  return failed === 0 ? 0 : 1
}

function lineOf({ level, account, check, found, todo }: Finding): string {
  const subject = account === null ? check : `${account} ${check}`
  return `${level === 'fail' ? 'FAIL' : level.padEnd(4)}  ${subject}: ${found}${todo === null ? '' : `. To do: ${todo}`}`
}

function countOf(findings: readonly Finding[], level: Finding['level']): number {
  return findings.filter((finding) => finding.level === level).length
}
