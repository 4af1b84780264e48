import { integer, text } from '../rows/cells.ts'
import type { Session } from './connection.ts'

const SETTINGS = `SELECT current_setting('synchronous_commit'), current_setting('synchronous_standby_names'),
  (SELECT count(*) FROM pg_stat_replication)`

/** What this server may lose of what it has confirmed, one sentence each. Source: PostgreSQL, "synchronous_commit". */
export async function risksOf(session: Session): Promise<readonly string[]> {
  const [row = []] = await session.rows(SETTINGS)
  const [commit, standbys, replicas] = [text(row[0]), text(row[1]), integer(row[2])]
  if (commit === 'off') {
    return [
      'the database confirms commits that are not on disk (synchronous_commit is off): after a crash of it, orders may be unknown that were placed; expected on',
    ]
  }
  if (standbys === '') {
    return replicas === 0
      ? []
      : [
          `the database's replicas (${replicas}) are asynchronous: after a failover the latest commits may be missing, and are asked again as docs/store.md says; synchronous_standby_names prevents it`,
        ]
  }
  return commit === 'local'
    ? [
        'the database has synchronous replicas and does not wait for them (synchronous_commit is local): after a failover the latest commits may be missing; expected on',
      ]
    : []
}
