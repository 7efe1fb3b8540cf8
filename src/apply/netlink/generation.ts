import { GET_GENERATION, parseGeneration, type Reply, type Request } from './message.ts'
import { NetlinkError } from './netlink-error.ts'

/**
 * Asks for the generation of the rule set, which every commit raises. Rejects with NetlinkError:
 * EINVAL where the kernel has no nftables, EBADMSG where the answer lacks a generation.
 */
export async function askGeneration(
  ask: (request: Request) => Promise<readonly Reply[]>,
): Promise<number> {
  for (const reply of await ask(GET_GENERATION).catch(explained)) {
    const generation = parseGeneration(reply)
    if (generation !== undefined) return generation
  }
  throw new NetlinkError('EBADMSG', 'nf_tables generation')
}

/** nfnetlink.c answers EINVAL where no subsystem of that number can be loaded. */
function explained(error: unknown): never {
  if (!(error instanceof NetlinkError) || error.code !== 'EINVAL') throw error
  const explanation = 'the kernel has no nftables: load the kernel module nf_tables'
  throw new NetlinkError('EINVAL', 'nf_tables', { explanation })
}
