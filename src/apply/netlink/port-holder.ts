import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { NETLINK_NETFILTER } from './constants.ts'

/** A netfilter socket, and its process where the /proc of this process shows it. */
export interface PortHolder {
  readonly port: number
  readonly pid?: number
  readonly name?: string
}

/** Looks for the process that has the netlink socket with this port open. */
export function findHolder(port: number): PortHolder {
  const inode = inodeOf(port)
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

/** Columns: sk, Eth (protocol), Pid (port), Groups, Rmem, Wmem, Dump, Locks, Drops, Inode. */
function inodeOf(port: number): string | undefined {
  const table = attempt(() => readFileSync('/proc/thread-self/net/netlink', 'utf8')) ?? ''
  for (const line of table.split('\n')) {
    const columns = line.trim().split(/\s+/)
    if (Number(columns[1]) === NETLINK_NETFILTER && Number(columns[2]) === port) return columns[9]
  }
  return undefined
}

function list(folder: string): readonly string[] {
  return attempt(() => readdirSync(folder)) ?? []
}

/** Processes and descriptors come and go while they are looked at. */
function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
