import { execa } from 'execa'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { commitIpvs, type IpvsCommit } from '../../../src/apply/ipvs/commit.ts'
import { readIpvs } from '../../../src/apply/ipvs/read.ts'
import { type IpvsSockets, openIpvsSockets } from '../../../src/apply/ipvs/sockets.ts'
import type { Address, Port, Protocol } from '../../../src/model/address.ts'
import type { IpvsOperation } from '../../../src/plan/ipvs/operation.ts'
import {
  emptyKernelIpvs,
  type KernelIpvs,
  type RealServer,
  type ServerId,
  type ServerProperties,
} from '../../../src/ruleset/ipvs/types.ts'

export const dummy = 'kube-ipvs0'

/** Sockets for a file of tests; after each test the guest has neither servers nor the dummy. */
export function useIpvs(): () => IpvsSockets {
  let sockets: IpvsSockets | undefined
  beforeAll(() => {
    sockets = openIpvsSockets()
  })
  afterAll(() => sockets?.close())
  afterEach(async () => {
    await execa('ipvsadm', ['-C'])
    await execa('ip', ['link', 'delete', dummy], { reject: false })
  })
  return () => {
    if (sockets === undefined) throw new Error('sockets are there in tests only')
    return sockets
  }
}

export function commit(
  sockets: IpvsSockets,
  plan: readonly IpvsOperation[],
  current: KernelIpvs = emptyKernelIpvs,
): Promise<IpvsCommit> {
  const servers = [...current.servers.values()]
  return commitIpvs(sockets, plan, (address) => servers.some((each) => each.address === address))
}

export async function read(sockets: IpvsSockets): Promise<KernelIpvs> {
  const reading = await readIpvs(sockets, dummy)
  if (reading.kind !== 'read') throw new Error(`${reading.name} is ${reading.found}`)
  return reading.kernel
}

/** As `ipvsadm -R` takes it, in the order of the lines' text. */
export async function saved(): Promise<readonly string[]> {
  const { stdout } = await execa('ipvsadm', ['-S', '-n'])
  return stdout.split('\n').filter(Boolean).toSorted()
}

export function id(address: string, port: number, protocol: Protocol = 'tcp'): ServerId {
  return { address: address as Address, port: port as Port, protocol }
}

export function destination(address: string, port: number, weight = 1): RealServer {
  return { address: address as Address, port: port as Port, weight, method: 'masq' }
}

export function properties(changed: Partial<ServerProperties> = {}): ServerProperties {
  return { scheduler: 'rr', schedulerFlags: 0, persistence: undefined, ...changed }
}
