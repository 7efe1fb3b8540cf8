import { parseAddress } from '../../model/address.ts'
import type { ListenAddress } from '../../model/listening.ts'

const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '::1']

/**
 * Returns whether a request with this Host is meant for the page. A web site can have a name of its own lead to
 * 127.0.0.1 and read what answers there (DNS rebinding), but the browser then sends that name. Names of others are
 * refused, therefore, and addresses that are not those of the listener, too; the port may be that of a forwarder.
 */
export function isOurHost(header: string | undefined, { host }: ListenAddress): boolean {
  const name = hostOf(header ?? '')
  if (name === undefined) return false
  if (LOOPBACK.includes(name)) return true
  const address = parseAddress(name)?.value
  return address !== undefined && (host === undefined || address === host)
}

/** Returns the host of `localhost:8080`, `[::1]:8080` and `10.0.0.1`; undefined if it is none of these. */
function hostOf(header: string): string | undefined {
  const [, v6, other] = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+))(?::\d{1,5})?$/i.exec(header) ?? []
  return (v6 ?? other)?.toLowerCase()
}
