import { readdirSync, readlinkSync } from 'node:fs'

/** Returns the inodes of the sockets that this process has open; none if /proc does not show them. */
export function ownSockets(): ReadonlySet<number> {
  return new Set(descriptors().flatMap((descriptor) => inodeOf(descriptor) ?? []))
}

function descriptors(): readonly string[] {
  try {
    return readdirSync('/proc/self/fd')
  } catch {
    return []
  }
}

/** Descriptors come and go while this reads them. */
function inodeOf(descriptor: string): number | undefined {
  try {
    const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${descriptor}`)) ?? []
    return inode === undefined ? undefined : Number(inode)
  } catch {
    return undefined
  }
}
