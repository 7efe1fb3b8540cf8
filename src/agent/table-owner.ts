import { findHolder } from '../apply/netlink/port-holder.ts'
import type { KernelRuleset } from '../ruleset/types.ts'

/**
 * Why nobody but another process can change the tables, while its socket holds one of them
 * (ADR 0011). `own` is the netlink port of the socket that would change them.
 */
export function ownedByAnother(kernel: KernelRuleset, own: number): string | undefined {
  const isForeign = (port: number | undefined): boolean => port !== undefined && port !== own
  const port = [kernel.ip?.owner, kernel.ip6?.owner].find(isForeign)
  if (port === undefined) return undefined
  const { pid, name = 'nodelb' } = findHolder(port)
  const who = pid === undefined ? 'another process' : `${name} (pid ${pid})`
  return (
    `${who} owns nodelb's tables (netlink port ${port}), so that nobody else can change them ` +
    'while it runs: stop it first, or run it without ownership'
  )
}
