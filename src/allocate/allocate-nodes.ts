import { compareText } from '../model/compare-text.ts'
import { serviceName } from '../model/service-name.ts'
import type { Allocation, AllocationProblem, Grant } from './allocation.ts'
import { fitnessAmong, isExcluded } from './node-fitness.ts'
import { grantsOf } from './node-grants.ts'
import { prospectsAmong } from './node-prospects.ts'
import type { CandidateNode, NodeClaimant, NodesWorld } from './nodes-world.ts'
import { byAge, byName } from './order.ts'
import { addressesOf, placesOf } from './places.ts'
import { printReason } from './print-reason.ts'

/**
 * Returns which addresses of Nodes each Service has, in the way of k3s ServiceLB
 * (pkg/cloudprovider/servicelb.go). A port of a Node goes to the Service that has it already, else to
 * the oldest; a Service that collides on some Nodes gets the others. The addresses are in the order of the
 * Service's families, and within a family in the order of their numbers.
 *
 * A Service takes a port only where its status has the address, so what is held can be read from the
 * statuses alone, and allocating again changes nothing.
 *
 * Services that ask for the same and get the same share one list of addresses and one reason, so that
 * many Services on many Nodes cost little more than the statuses that are read.
 */
export function allocateNodes({ claimants, nodes }: NodesWorld): Allocation {
  const sorted = nodes.toSorted((a, b) => compareText(a.name, b.name))
  const kept = keptBy(sorted)
  const left: Grant[] = []
  const asking: NodeClaimant[] = []
  for (const claimant of claimants) {
    const grant = kept(claimant)
    if (grant === undefined) asking.push(claimant)
    else left.push(grant)
  }
  const places = placesOf(sorted)
  const prospectOf = prospectsAmong(places, fitnessAmong(sorted))
  const bidders = asking.toSorted(byAge).map((claimant) => ({
    claimant,
    name: serviceName(claimant),
    prospect: prospectOf(claimant),
  }))
  const grants = [...grantsOf(bidders, places), ...left].toSorted(byName)
  const problems = [...sorted.flatMap(problemsOf), ...left.flatMap(strandedProblems)]
  return { grants, problems, usage: [] }
}

/** Returns a problem for each address whose pool is gone: Nodes do not take its place. */
function strandedProblems({ namespace, name, addresses }: Grant): readonly AllocationProblem[] {
  return addresses.flatMap(({ address, pool }) => {
    if (pool === undefined) return []
    const message = printReason({ kind: 'stranded', address, pool, why: { kind: 'pool-gone' } })
    return [{ object: `Service/${namespace}/${name}`, message }]
  })
}

/** Returns what a Service keeps without asking any Node; undefined for all that ask. */
function keptBy(nodes: readonly CandidateNode[]): (claimant: NodeClaimant) => Grant | undefined {
  const ofNodes = new Set(nodes.flatMap(addressesOf))
  return ({ namespace, name, held, renewing, leaving }) => {
    // One that is being deleted would get nothing in place of what it gives up.
    const offered = renewing && !leaving ? [] : held
    const pool = offered.find((each) => each.pool !== undefined && !ofNodes.has(each.address))?.pool
    if (pool === undefined && nodes.length > 0) return undefined
    const reason = pool ? ({ kind: 'pool-address-kept', pool } as const) : NO_NODES
    return { namespace, name, addresses: [...held], reason }
  }
}

const NO_NODES = { kind: 'no-nodes-known' } as const

function problemsOf({ name, labels }: CandidateNode): readonly AllocationProblem[] {
  if (!isExcluded(labels)) return []
  const label = 'node.kubernetes.io/exclude-from-external-load-balancers'
  const message = `it has the label ${label}, so no Service gets its addresses`
  return [{ object: `Node/${name}`, message }]
}
