import type { Cluster } from '../../src/model/service.ts'
import { makeCluster, makeSlices, node, type Size, settings } from './cluster.ts'
import { connectSink, sender } from './packets.ts'
import type { Answers, BenchBackend } from './protocol.ts'
import { startOn } from './start-on.ts'

const CALLED = 100
const ROUNDS = 40

/** One datagram to each of 100 Services, spread over all: how their number shows. */
export async function measureFirstPackets(
  services: number,
  backend: BenchBackend,
): Promise<Answers['firstPackets']> {
  connectSink()
  const size: Size = { services, endpoints: 2, dualStack: false, external: false }
  const started = await startOn(backend, { cluster: udpCluster(size), node, settings })
  if (started.kind !== 'started') throw new Error(started.outcome.reason)
  const step = services / CALLED
  const send = sender(Array.from({ length: CALLED }, (_, at) => Math.floor(at * step)))
  const rounds = Array.from({ length: ROUNDS }, () => {
    const { fd, close } = send.open()
    const [first, later] = [send.toAll(fd), send.toAll(fd)]
    close()
    return { first, later }
  })
  const least = (times: readonly number[]): number => (Math.min(...times) * 1e6) / CALLED
  return {
    firstNs: least(rounds.map(({ first }) => first)),
    laterNs: least(rounds.map(({ later }) => later)),
  }
}

/** A cluster of which every Service is called by UDP. */
export function udpCluster(size: Size): Cluster {
  const udp = <Ported extends { readonly ports: readonly object[] }>(object: Ported) => ({
    ...object,
    ports: object.ports.map((port) => ({ ...port, protocol: 'udp' as const })),
  })
  const cluster = makeCluster(size)
  return {
    services: cluster.services.map(udp),
    slices: cluster.services.flatMap((_, index) => makeSlices(size, index, 2).map(udp)),
  }
}
