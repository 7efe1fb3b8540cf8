import { release } from 'node:os'
import { NetlinkError } from '../../apply/netlink/netlink-error.ts'
import { chooseBackend } from '../../dataplane/backend-choice.ts'

/** Returns the versions of what nodelb runs on, and the backend that `auto` means here, as JSON. */
export async function versionsAsJson(version: string): Promise<string> {
  const { node, v8 } = process.versions
  const of = { nodelb: version, node, v8, kernel: release(), architecture: process.arch }
  return `${JSON.stringify({ ...of, backend: await backend() }, null, 2)}\n`
}

/** Returns null without the right to ask the kernel. */
async function backend(): Promise<string | null> {
  try {
    return (await chooseBackend()).backend
  } catch (error) {
    if (error instanceof NetlinkError) return null
    throw error
  }
}
