import type { BackendKind } from '../../src/model/backend.ts'
import type { NodeView, Settings } from '../../src/model/node.ts'
import type { Cluster } from '../../src/model/service.ts'
import { recordedServers } from '../../src/plan/ipvs/ownership.ts'
import { planIpvs } from '../../src/plan/ipvs/plan.ts'
import { plan } from '../../src/plan/nftables/plan.ts'
import { ipvsMemory, kernelMemory } from '../../src/render/nftables/kernel-memory.ts'
import { renderCluster } from '../../src/render/render.ts'
import type { IptablesRuleset } from '../../src/ruleset/iptables/types.ts'
import { read as readIptables } from '../../src/trace/iptables/outcome.ts'
import { trace as traceIptables } from '../../src/trace/iptables/trace.ts'
import { read } from '../../src/trace/nftables/outcome.ts'
import type { WalkedRuleset } from '../../src/trace/nftables/state.ts'
import { trace } from '../../src/trace/nftables/trace.ts'
import type { Reading } from '../../src/trace/outcome.ts'
import type { Clients, NodeFacts, Packet } from '../../src/trace/packet.ts'
import { chainsFor } from './chains.ts'
import { iptablesModel } from './iptables-model.ts'
import { ipvsModel } from './ipvs-model.ts'
import { kernelModel } from './kernel-model.ts'
import { planIptables } from './plan-iptables.ts'
import { type OwnWays, waysOfIpvs } from './service-semantics.ts'

/** A backend whose rules can be walked: what tests demand of one they demand of all. */
export interface TracedBackend {
  readonly name: BackendKind
  /** Where it departs from the semantics. */
  readonly ways?: OwnWays
  /** A kernel of its own, that holds nothing; what is programmed there stays for the next time. */
  start(): TracedKernel
}

export interface TracedKernel {
  program(cluster: Cluster, node: NodeView, settings: Settings): Walker
}

/** Follows packets by the rules of one moment. */
export interface Walker {
  /** Addresses that are the node's own by these rules, beside those that it has. */
  readonly bound: ReadonlySet<string>
  follow(packet: Packet, facts: NodeFacts): Followed
}

export interface Followed {
  readonly ways: readonly FollowedWay[]
  readonly doubts: readonly string[]
}

export interface FollowedWay {
  readonly odds: number
  readonly reading: Reading
  /** The client's next connection, after one that went this way. */
  next(): Followed
}

/** Walks what is rendered, or what a kernel holds. */
export function walker(ruleset: WalkedRuleset): Walker {
  const follow = (packet: Packet, facts: NodeFacts, clients?: Clients): Followed => {
    const traced = trace(ruleset, packet, facts, clients)
    const ways = traced.paths.map(
      (path): FollowedWay => ({
        odds: path.odds,
        reading: read(traced, path, ruleset),
        next: () => follow(packet, facts, path.state.clients),
      }),
    )
    return { ways, doubts: traced.doubts }
  }
  return { bound: ruleset.ipvs?.addresses ?? new Set(), follow }
}

const nftables: TracedBackend = {
  name: 'nftables',
  start() {
    const kernel = kernelModel()
    return {
      program(cluster, node, settings) {
        const found = kernel.ruleset()
        const rules = renderCluster(cluster, node, settings, kernelMemory(found)).ruleset()
        kernel.apply(plan(found, rules))
        return walker(rules)
      },
    }
  },
}

const ipvs: TracedBackend = {
  name: 'ipvs',
  ways: waysOfIpvs,
  start() {
    const kernel = ipvsModel()
    const tables = kernelModel()
    return {
      program(cluster, node, settings) {
        const memory = ipvsMemory(kernel.state())
        const rules = renderCluster(cluster, node, settings, memory).ipvs()
        if (rules === undefined) throw new Error('settings of another backend')
        const recorded = recordedServers(tables.ruleset())
        kernel.apply(planIpvs(kernel.state(), rules, { recorded, excludedRanges: [] }))
        tables.apply(plan(tables.ruleset(), rules.filter))
        return walker({ ...rules.filter, ipvs: kernel.state() })
      },
    }
  },
}

/** The same with iptables. */
export function iptablesWalker(ruleset: IptablesRuleset): Walker {
  const follow = (packet: Packet, facts: NodeFacts, clients?: Clients): Followed => {
    const traced = traceIptables(ruleset, packet, facts, clients)
    const ways = traced.paths.map(
      (path): FollowedWay => ({
        odds: path.odds,
        reading: readIptables(traced, path, ruleset),
        next: () => follow(packet, facts, path.state.clients),
      }),
    )
    return { ways, doubts: traced.doubts }
  }
  return { bound: new Set(), follow }
}

const iptables: TracedBackend = {
  name: 'iptables',
  start() {
    const kernel = iptablesModel()
    return {
      program(cluster, node, settings) {
        const rules = chainsFor(cluster, node, settings)
        for (const change of planIptables(kernel.ruleset(), rules)) kernel.apply(change)
        return iptablesWalker(kernel.ruleset())
      },
    }
  },
}

export const tracedBackends: readonly TracedBackend[] = [nftables, iptables, ipvs]
