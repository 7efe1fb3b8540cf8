import { findHolder } from '../../apply/netlink/port-holder.ts'

/**
 * Returns why only another process can change the tables, while its socket owns one of them (ADR
 * 0011); undefined where none does. `owners` are the netlink ports that own tables, `own` is the
 * port of the socket that would change them.
 */
export function ownedByAnother(
  owners: readonly (number | undefined)[],
  own: number,
): string | undefined {
  const port = owners.find((owner) => owner !== undefined && owner !== own)
  if (port === undefined) return undefined
  const { pid, name = 'nodelb' } = findHolder(port)
  const who = pid === undefined ? 'another process' : `${name} (pid ${pid})`
  return (
    `${who} owns nodelb's tables (netlink port ${port}), so that no other process can change them ` +
    'while it runs: stop it first, or run it without ownership'
  )
}
