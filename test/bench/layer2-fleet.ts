import { setTimeout as pause } from 'node:timers/promises'
import type { AnnounceView } from '../../src/speaker/view.ts'
import { RealLan } from '../support/real-lan.ts'
import { lanAddress } from '../support/real-lan-files.ts'
import { cpuMs } from './layer2-answers.ts'
import { memoryOf } from './memory.ts'
import { median, short } from './statistics.ts'

const SERVICES = 30
const IDLE_MS = 10_000

/** Prints what many agents on one LAN cost each, and what a client misses when one of them dies. */
export async function tellFleet(count: number): Promise<void> {
  const nodes = Array.from({ length: count }, (_, at) => `n${at + 1}`)
  const lan = await RealLan.build({ nodes, services: SERVICES })
  try {
    const agents = await Promise.all(nodes.map((name) => lan.start(name)))
    const addresses = Array.from({ length: SERVICES }, (_, at) => [
      lanAddress(at),
      lanAddress(at, 'ipv6'),
    ]).flat()
    await lan.watch(addresses, { questions: 10 * addresses.length, connectWithin: 300 })
    const order = await settled(lan, nodes)
    const before = agents.map(({ pid }) => cpuMs(pid))
    await pause(IDLE_MS)
    const cpu = agents.map(({ pid }, at) => (cpuMs(pid) - (before[at] ?? 0)) / (IDLE_MS / 100))
    const memory = agents.map(({ pid }) => memoryOf(pid, 'VmRSS'))
    const peers = await Promise.all(
      nodes.map(async (name) => (await lan.announces(name)).members.length),
    )
    console.log(
      `\n${count} agents on one LAN, ${SERVICES} Services of both families: ` +
        `median and most of an agent: ${short(median(cpu))}, ${short(Math.max(...cpu))} % of a processor; ` +
        `${short(median(memory))}, ${short(Math.max(...memory))} MB; ` +
        `${median(peers)}, ${Math.max(...peers)} members heard`,
    )
    await lan.report()
    const dies = order.get(addresses[0] ?? '')?.[0] ?? ''
    await lan.cable(dies, 'out')
    await lan.agent(dies).end('SIGKILL')
    await Promise.all(
      [...order].map(([address, all]) => {
        return lan.until(address, all.find((name) => name !== dies) ?? '')
      }),
    )
    const { silence, doubles, late } = await lan.report()
    console.log(
      `one of them dies: longest silence ${short(silence)} ms, ${doubles} questions with two answers; asked late by ${short(late)} ms at worst`,
    )
  } finally {
    await lan.remove()
  }
}

/** Resolves with the order of the Nodes for each address, once all have settled and hold what is theirs. */
async function settled(
  lan: RealLan,
  nodes: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  for (const name of nodes) await lan.announces(name, ({ settled: is }) => is)
  const isWhole = ({ members, addresses }: AnnounceView): boolean =>
    addresses.length === 2 * SERVICES && members.every((each) => each.settled)
  const views = await Promise.all(nodes.map((name) => lan.announces(name, isWhole)))
  // A node hears only those with which it shares addresses, so the order is that of the first.
  const order = new Map(
    views.flatMap(({ addresses }, at) =>
      addresses
        .filter(({ candidates }) => candidates[0] === nodes[at])
        .map(({ address, candidates }) => [address, candidates] as const),
    ),
  )
  await Promise.all([...order].map(([address, [first = '']]) => lan.until(address, first)))
  return order
}
