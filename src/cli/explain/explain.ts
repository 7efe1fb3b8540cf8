import { NetlinkError } from '../../apply/netlink/netlink-error.ts'
import { NetlinkSocket } from '../../apply/netlink/socket.ts'
import type { Goal } from '../../dataplane/dataplane.ts'
import { Dataplanes } from '../../dataplane/dataplanes.ts'
import type { Address } from '../../model/address.ts'
import { ipvsOf } from '../../model/backend.ts'
import { defaultIpvsSettings } from '../../model/ipvs.ts'
import { unreachable } from '../../model/unreachable.ts'
import { renderFor } from '../../render/rendering.ts'
import type { WalkedRuleset } from '../../trace/nftables/state.ts'
import { trace } from '../../trace/nftables/trace.ts'
import { type NodeFacts, originOf, type Packet } from '../../trace/packet.ts'
import { type ExplainOptions, TROUBLE } from '../arguments.ts'
import { reported, unlessIncomplete } from '../commands.ts'
import { withSocket } from '../kernel.ts'
import { type Loaded, loadConfig } from '../load.ts'
import type { Output } from '../output.ts'
import { addressFacts, type OfAddress } from './address-facts.ts'
import { addressOriginAt } from './address-origin.ts'
import { answerAsJson, type KernelComparison } from './answer.ts'
import { type Answered, joined } from './answered.ts'
import { answeringFor } from './answering.ts'
import { readApplied } from './applied.ts'
import { byBgp, inFrr } from './by-bgp.ts'
import { type Explanation, explainTrace, sameOutcome } from './explanation.ts'
import { explainAppliedIptables, explainIptables } from './iptables.ts'
import { interfaceNames, machineFacts, nodeFacts } from './node-facts.ts'
import { onLan } from './on-lan.ts'
import {
  packetsTo,
  parseQuestion,
  type Question,
  type SentPacket,
  wrongInterface,
  wrongTarget,
} from './packet-arguments.ts'
import { printExplanation } from './print.ts'
import { onLanAsJson, printAnswering } from './print-answering.ts'
import { bgpAsJson, printInFrr } from './print-bgp.ts'
import { printKernel } from './print-kernel.ts'
import { targetsInFiles, targetsInKernel } from './targets.ts'

/**
 * Runs `nodelb explain`: prints where packets go and why, by the files or by what the kernel
 * holds. Returns the exit code.
 */
export async function explainCommand(options: ExplainOptions, output: Output): Promise<number> {
  const parsed = parseQuestion(options)
  if (parsed.kind === 'wrong') {
    for (const line of parsed.lines) output.say(line)
    return TROUBLE
  }
  return options.sources.files.length > 0
    ? explainFiles(options, parsed.question, output)
    : withSocket(output, (socket) => explainKernel(socket, options, parsed.question, output))
}

async function explainFiles(
  options: ExplainOptions,
  question: Question,
  output: Output,
): Promise<number> {
  const loaded = reported(options.sources, output, () => true)
  if (loaded.kind === 'failed') return TROUBLE
  const facts = await nodeFacts(loaded.goal.node, loaded.goal.settings)
  const answers = await answersByObjects(loaded, { question, facts, of: 'files' }, output)
  if (answers === undefined) return TROUBLE
  output.out(joined(answers, question, options, output.colour))
  return unlessIncomplete(loaded.goal, 0)
}

/** What is asked of objects. */
interface Asked {
  readonly question: Question
  readonly facts: NodeFacts
  /** The rules of files are compared with those of this machine. */
  readonly of: 'files' | 'cluster'
}

/** Returns where packets go by the objects that were read; undefined if the question fits nothing, which is said. */
export async function answersByObjects(
  loaded: Loaded & { readonly kind: 'loaded' },
  { question, facts, of }: Asked,
  output: Pick<Output, 'say'>,
): Promise<readonly Answered[] | undefined> {
  const { to } = question
  const { targets, ports } =
    to.kind === 'address' ? { targets: [to], ports: [] } : targetsInFiles(loaded.goal, to)
  const packets = packetsTo(targets, question, facts)
  if (packets.length === 0) {
    for (const line of wrongTarget(to, ports)) output.say(line)
    return undefined
  }
  const answers: Answered[] = []
  for (const sent of packets) answers.push(await answerByObjects(loaded, sent, { facts, of }))
  return answers
}

async function answerByObjects(
  loaded: Loaded & { readonly kind: 'loaded' },
  sent: SentPacket,
  { facts, of }: Pick<Asked, 'facts' | 'of'>,
): Promise<Answered> {
  const { goal } = loaded
  const packet = packetOf(sent, facts)
  const explanation = explainRendered(goal, packet, facts)
  const isHere = of === 'files'
  const kernel = isHere ? await compareKernel(goal, packet, facts, explanation) : undefined
  const { origin, lan, bgp } = ofAddress(packet.to, loaded)
  const answering =
    lan === undefined || kernel === undefined ? undefined : await answeringFor(packet.to)
  const frr = bgp && isHere ? await inFrr(bgp, loaded.config) : undefined
  const announced = { announced: onLanAsJson(lan, answering), bgp: bgpAsJson(bgp, frr) }
  return {
    json: answerAsJson({ of, explanation, kernel, origin, ...announced }),
    text: (look) =>
      [
        printExplanation(explanation, look, addressFacts({ origin, lan, bgp })),
        kernel === undefined ? '' : printKernel(kernel, look),
        lan && answering ? printAnswering(packet.to, lan, answering) : '',
        bgp && frr ? printInFrr(bgp, frr) : '',
      ].join(''),
  }
}

function ofAddress(
  address: Address,
  { goal, config, announcing }: Loaded & { readonly kind: 'loaded' },
): OfAddress {
  if (announcing === undefined) return { origin: undefined, lan: undefined, bgp: undefined }
  const allocating = { objects: announcing.allocation, settings: config.allocation }
  return {
    origin: addressOriginAt(address, goal.cluster, allocating),
    lan: onLan(address, goal.node.name, announcing, config),
    bgp: byBgp(address, goal.node.name, announcing, config),
  }
}

function explainRendered(
  { cluster, node, settings }: Goal,
  packet: Packet,
  facts: NodeFacts,
): Explanation {
  // ipvs has a NodePort at every address of the node.
  const localAddresses = [...facts.addresses] as Address[]
  const { rendering } = renderFor(cluster, { ...node, localAddresses }, settings)
  const explainTables = (ruleset: WalkedRuleset): Explanation =>
    explainTrace(trace(ruleset, packet, facts), ruleset)
  switch (rendering.kind) {
    case 'nftables':
      return explainTables(rendering.ruleset)
    case 'iptables':
      return explainIptables(rendering.ruleset, packet, facts)
    case 'ipvs':
      return explainTables({ ...rendering.rules.filter, ipvs: rendering.rules })
    default:
      return unreachable(rendering)
  }
}

async function explainKernel(
  socket: NetlinkSocket,
  options: ExplainOptions,
  question: Question,
  output: Output,
): Promise<number> {
  const { to, input } = question
  const known = input === undefined ? [] : interfaceNames()
  if (input !== undefined && !known.includes(input)) {
    output.say(wrongInterface(input, known))
    return TROUBLE
  }
  const { targets, ports } =
    to.kind === 'address' ? { targets: [to], ports: [] } : await targetsInKernel(socket, to)
  const facts = await machineFacts()
  const packets = packetsTo(targets, question, facts).map((sent) => packetOf(sent, facts))
  if (packets.length === 0) {
    for (const line of wrongTarget(to, ports)) output.say(line)
    return TROUBLE
  }
  const dummy = dummyOf(options.sources.config)
  const answers: Answered[] = []
  for (const packet of packets) {
    const found = await explainApplied(socket, packet, facts, dummy)
    if (found === undefined) output.say('nodelb: the kernel holds no rules of nodelb')
    const explanation = found ?? explainTrace(trace({}, packet, facts), {})
    answers.push({
      json: answerAsJson({ of: 'kernel', explanation, ...ONLY_RULES }),
      text: (look) => printExplanation(explanation, look),
    })
  }
  output.out(joined(answers, question, options, output.colour))
  return 0
}

/** The kernel does not say where an address comes from, or who should announce it. */
const ONLY_RULES = { kernel: undefined, origin: undefined, announced: null, bgp: null }

function dummyOf(config: string | undefined): string {
  return loadConfig(config).config?.ipvsInterface ?? defaultIpvsSettings.interface
}

function packetOf({ input, ...packet }: SentPacket, facts: NodeFacts): Packet {
  const origin = originOf(packet.from, facts)
  if (input === undefined) return { ...packet, origin }
  return { ...packet, origin: { kind: 'interface', name: input } }
}

/** Returns undefined if the kernel holds nothing of nodelb. Rejects with NetlinkError. */
async function explainApplied(
  socket: NetlinkSocket,
  packet: Packet,
  facts: NodeFacts,
  dummy: string,
): Promise<Explanation | undefined> {
  const applied = await readApplied(socket, packet, dummy)
  if (applied === undefined) return explainAppliedIptables(packet, facts)
  const { ruleset, clients } = applied
  return explainTrace(trace(ruleset, packet, facts, clients), ruleset)
}

/**
 * Returns undefined if there are no such rules, or no privilege to read them: then only the files
 * are explained.
 */
async function compareKernel(
  goal: Goal,
  packet: Packet,
  facts: NodeFacts,
  wanted: Explanation,
): Promise<KernelComparison | undefined> {
  const dataplanes = new Dataplanes()
  let socket: NetlinkSocket | undefined
  try {
    socket = NetlinkSocket.open()
    const dummy = ipvsOf(goal.settings).interface
    const explanation = await explainApplied(socket, packet, facts, dummy)
    if (explanation === undefined) return undefined
    const proposed = await dataplanes.of(goal.settings).propose(goal)
    if (proposed.kind === 'failed') return undefined
    const same = sameOutcome(explanation, wanted)
    return { explanation, operations: proposed.count, same }
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error
    return undefined
  } finally {
    socket?.close()
    await dataplanes.close()
  }
}
