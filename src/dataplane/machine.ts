import { lookAtMachine } from '../apply/machine/look.ts'
import { type Demand, type Finding, preflight } from '../plan/preflight.ts'
import { askOnce } from './reopening-socket.ts'

/**
 * Returns what on this machine keeps packets from going where the rules lead them. `missing` is
 * what its kernel lacks for the backend, if that was tried. Returns undefined if the kernel refuses
 * to tell, which is reported when nodelb commits.
 */
export async function checkMachine(
  demand: Demand,
  missing: readonly string[] = [],
): Promise<readonly Finding[] | undefined> {
  const machine = await askOnce((socket) => lookAtMachine(socket, missing))
  return machine && preflight(machine, demand)
}
