import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { NETLINK_NETFILTER } from './constants.ts'
import { socketRow } from './socket-options.ts'

/** A netfilter socket, and its process if this process sees it in /proc. */
interface PortHolder {
  readonly port: number
  readonly pid?: number
  readonly name?: string
}

/**
 * Looks for the process that has the netlink socket with this port open; returns only the port
 * where it finds none.
 */
export function findHolder(port: number): PortHolder {
  const inode = attempt(() => socketRow({ protocol: NETLINK_NETFILTER, port })?.inode)
  if (inode === undefined) return { port }
  for (const pid of list('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    for (const fd of list(`/proc/${pid}/fd`)) {
      if (attempt(() => readlinkSync(`/proc/${pid}/fd/${fd}`)) !== `socket:[${inode}]`) continue
      const name = attempt(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trim())
      return { port, pid: Number(pid), ...(name !== undefined && { name }) }
    }
  }
  return { port }
}

function list(folder: string): readonly string[] {
  return attempt(() => readdirSync(folder)) ?? []
}

/** Processes and descriptors come and go while this reads them. */
function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
