import type { Here } from '../../src/announce/announce.ts'
import type { EligibilitySettings } from '../../src/announce/eligible.ts'
import type { NodeLink } from '../../src/announce/links.ts'
import type { Member } from '../../src/announce/member.ts'
import type {
  Advertisement,
  AnnouncedService,
  AnnounceObjects,
  AnnouncerNode,
  LabelledPool,
} from '../../src/announce/objects.ts'
import { readRanges } from '../../src/decode/allocation/address-ranges.ts'
import { report } from '../../src/decode/problem.ts'
import type { Address } from '../../src/model/address.ts'
import type { LabelSelector, Labels } from '../../src/model/label-selector.ts'

// Short ways to write down what announcing depends on.

export function labels(text: Record<string, string> = {}): Labels {
  return new Map(Object.entries(text))
}

/** Selects objects with all of these labels. */
export function select(text: Record<string, string>): LabelSelector {
  const requirements = Object.entries(text).map(
    ([key, value]) => ({ key, operator: 'in', values: [value] }) as const,
  )
  return { requirements }
}

export function node(name: string, rest: Partial<AnnouncerNode> = {}): AnnouncerNode {
  const nothing = { networkUnavailable: false, cordoned: false, internal: [] }
  return { name, labels: labels(), departure: undefined, ...nothing, ...rest }
}

export function pool(
  name: string,
  ranges: readonly string[],
  rest: Partial<LabelledPool> = {},
): LabelledPool {
  return {
    name,
    created: '',
    ranges: readRanges(ranges, 'ranges', report('test')),
    automatic: true,
    avoidsEnds: false,
    audience: undefined,
    labels: labels(),
    ...rest,
  }
}

export function advertisement(name: string, rest: Partial<Advertisement> = {}): Advertisement {
  const all = { pools: undefined, nodes: undefined, services: undefined, interfaces: undefined }
  return { name, ...all, preferred: [], ...rest }
}

export function service(
  name: string,
  addresses: readonly string[],
  rest: Partial<AnnouncedService> = {},
): AnnouncedService {
  return {
    name: `shop/${name}`,
    labels: labels(),
    class: undefined,
    addresses: addresses as readonly Address[],
    local: false,
    shares: false,
    ...rest,
  }
}

/** Three Nodes, a pool with an advertisement for all, and endpoints on each Node for each Service. */
export function objects(rest: Partial<AnnounceObjects> = {}): AnnounceObjects {
  const nodes = rest.nodes ?? ['n1', 'n2', 'n3'].map((name) => node(name))
  const services = rest.services ?? [service('web', ['192.0.2.1'])]
  return {
    nodes,
    services,
    endpoints: services.map(({ name }) => {
      return { service: name, any: true, nodes: nodes.map((each) => each.name) }
    }),
    pools: [pool('all', ['192.0.2.0/24', '2001:db8::/64'])],
    advertisements: [advertisement('all')],
    ...rest,
  }
}

export const everybody: EligibilitySettings = {
  ignoreExcludeLabel: false,
  agents: undefined,
  away: new Set(),
  classes: [],
}

export function link(name: string, rest: Partial<NodeLink> = {}): NodeLink {
  return {
    name,
    ...{ index: 2, mac: '02:00:00:00:00:01', isEthernet: true },
    isUp: true,
    hasCarrier: true,
    isBroadcast: true,
    usesArp: true,
    hasMaster: false,
    hasLinkLocal: true,
    ...rest,
  }
}

export function here(name: string, rest: Partial<Here> = {}): Here {
  return { node: name, state: 'live', settled: true, links: [link('eth0')], ...rest }
}

export function member(name: string, rest: Partial<Member> = {}): Member {
  return {
    ...{ node: name, state: 'live', settled: true, macs: [], isCurrent: true },
    ...{ claims: new Set(), partly: new Set(), offers: new Set(), taken: new Set() },
    ...rest,
  }
}
