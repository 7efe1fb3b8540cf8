import type { Goal } from '../agent/dataplane.ts'
import { propose } from '../agent/program.ts'
import { NetlinkError } from '../apply/netlink/netlink-error.ts'
import { NetlinkSocket } from '../apply/netlink/socket.ts'
import { readClients } from '../apply/nftables/clients.ts'
import { readKernel } from '../apply/nftables/read.ts'
import { operationCount } from '../plan/operation.ts'
import { renderCluster } from '../render/render.ts'
import type { TableFamily } from '../ruleset/types.ts'
import { type Clients, type NodeFacts, originOf, type Packet } from '../trace/packet.ts'
import type { WalkedRuleset } from '../trace/state.ts'
import { trace } from '../trace/trace.ts'
import { type ExplainOptions, TROUBLE } from './arguments.ts'
import { type Output, reported } from './commands.ts'
import { type Explanation, explainTrace, sameOutcome } from './explanation.ts'
import { withSocket } from './kernel.ts'
import { walkedRuleset } from './kernel-ruleset.ts'
import { machineFacts, nodeFacts } from './node-facts.ts'
import { parsePacket, type SentPacket } from './packet-arguments.ts'
import { printExplanation } from './print-explanation.ts'
import { count } from './print-plan.ts'

/** `nodelb explain`: where a packet goes and why; by the files, or by what the kernel holds. */
export async function explainCommand(options: ExplainOptions, output: Output): Promise<number> {
  const parsed = parsePacket(options)
  if (parsed.kind === 'wrong') {
    for (const line of parsed.lines) output.say(line)
    return TROUBLE
  }
  return options.sources.files.length > 0
    ? explainFiles(options, parsed.packet, output)
    : withSocket(output, (socket) => explainKernel(socket, options, parsed.packet, output))
}

async function explainFiles(
  options: ExplainOptions,
  sent: SentPacket,
  output: Output,
): Promise<number> {
  const loaded = reported(options.sources, output)
  if (loaded.kind === 'failed') return TROUBLE
  const { goal } = loaded
  const ruleset = renderCluster(goal.cluster, goal.node, goal.settings).ruleset()
  const facts = nodeFacts(goal.node, goal.settings)
  const packet = packetOf(sent, facts)
  const explanation = explainTrace(trace(ruleset, packet, facts), ruleset)
  const kernel = await compareKernel(goal, packet, facts, explanation)
  if (options.sources.format === 'json') output.out(asJson('files', explanation, kernel))
  else {
    output.out(printExplanation(explanation, output.colour))
    if (kernel !== undefined) output.out(printKernel(kernel, output.colour))
  }
  return 0
}

async function explainKernel(
  socket: NetlinkSocket,
  { sources }: ExplainOptions,
  sent: SentPacket,
  output: Output,
): Promise<number> {
  const facts = machineFacts()
  const packet = packetOf(sent, facts)
  const found = await readApplied(socket, packet)
  if (found === undefined) output.say('nodelb: the kernel holds no table of nodelb')
  const explanation = explainApplied(found, packet, facts)
  const json = sources.format === 'json'
  output.out(
    json ? asJson('kernel', explanation, undefined) : printExplanation(explanation, output.colour),
  )
  return 0
}

function packetOf({ input, ...packet }: SentPacket, facts: NodeFacts): Packet {
  const origin = originOf(packet.from, facts)
  if (input === undefined) return { ...packet, origin }
  return { ...packet, origin: { kind: 'interface', name: input } }
}

interface Applied {
  readonly ruleset: WalkedRuleset
  readonly clients: Clients
}

/** Undefined where the kernel has no table of ours. */
async function readApplied(socket: NetlinkSocket, packet: Packet): Promise<Applied | undefined> {
  const { ruleset: kernel } = await readKernel(socket)
  if (kernel.ip === undefined && kernel.ip6 === undefined) return undefined
  const family: TableFamily = packet.to.includes(':') ? 'ip6' : 'ip'
  const sets = kernel[family]?.sets.values() ?? []
  const clients = await readClients(socket, family, sets, packet.from)
  return { ruleset: walkedRuleset(kernel), clients }
}

function explainApplied(
  { ruleset, clients }: Applied = { ruleset: {}, clients: new Map() },
  packet: Packet,
  facts: NodeFacts,
): Explanation {
  return explainTrace(trace(ruleset, packet, facts, clients), ruleset)
}

/** What the kernel here does with the packet, where it holds rules of nodelb. */
interface KernelComparison {
  readonly explanation: Explanation
  readonly operations: number
  readonly same: boolean
}

/** Undefined without such rules, and without the privilege to see them: the files alone count. */
async function compareKernel(
  goal: Goal,
  packet: Packet,
  facts: NodeFacts,
  wanted: Explanation,
): Promise<KernelComparison | undefined> {
  let socket: NetlinkSocket | undefined
  try {
    socket = NetlinkSocket.open()
    const applied = await readApplied(socket, packet)
    if (applied === undefined) return undefined
    const explanation = explainApplied(applied, packet, facts)
    const { plan } = await propose(socket, goal)
    const same = sameOutcome(explanation, wanted)
    return { explanation, operations: operationCount(plan), same }
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error
    return undefined
  } finally {
    socket?.close()
  }
}

function printKernel({ explanation, operations, same }: KernelComparison, colour: boolean): string {
  if (operations === 0) return '\nThe kernel here holds these rules.\n'
  const differs = `\nThe kernel here differs from the files by ${count(operations, 'operation')}`
  if (same) return `${differs}, but not in what becomes of this packet.\n`
  return `${differs}, and does otherwise with this packet:\n\n${printExplanation(explanation, colour)}`
}

/** What a program may ask for is there, if only as null. */
function waysAsJson(ways: Explanation['ways']): unknown {
  return ways.map(({ service = null, policy = null, reach = null, ...way }) => ({
    odds: way.odds,
    outcome: way.outcome,
    service,
    policy,
    reach,
    sticky: way.sticky,
    besides: way.besides,
    steps: way.steps,
  }))
}

function asJson(
  of: 'files' | 'kernel',
  { packet, ways, doubts }: Explanation,
  kernel: KernelComparison | undefined,
): string {
  const { origin, ...sent } = packet
  const by = { sentBy: origin.kind === 'node' ? 'node' : 'other', interface: null as string | null }
  if (origin.kind === 'interface') by.interface = origin.name ?? null
  const compared = kernel && {
    operations: kernel.operations,
    same: kernel.same,
    ways: waysAsJson(kernel.explanation.ways),
    doubts: kernel.explanation.doubts,
  }
  const answer = {
    packet: { ...sent, ...by },
    of,
    ways: waysAsJson(ways),
    doubts,
    kernel: compared ?? null,
  }
  return `${JSON.stringify(answer, null, 2)}\n`
}
