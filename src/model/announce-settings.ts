/** How agents tell each other that they are there. */
export interface MemberSettings {
  /** Milliseconds from one beat to the next. */
  readonly interval: number
  /** Milliseconds without a beat after which a member no longer counts as live. */
  readonly timeout: number
  /** The UDP port of the beats. */
  readonly port: number
  /** The file with the key that signs the beats; undefined if there is none. */
  readonly keyFile: string | undefined
}

/** What the operator chose for announcing on layer 2. */
export interface Layer2Settings {
  readonly enabled: boolean
  /**
   * Regular expressions for interfaces on which nothing is announced; if undefined, those of the
   * ConfigMap metallb-excludel2, and without one `virtualInterfaces`.
   */
  readonly excludeInterfaces: readonly string[] | undefined
  /** True: Nodes with the label exclude-from-external-load-balancers announce, too. */
  readonly ignoreExcludeLabel: boolean
  /** Milliseconds for which the kernel goes on answering without the agent. */
  readonly hold: number
  /** Milliseconds for which a newcomer ranks behind the others. */
  readonly settle: number
  readonly members: MemberSettings
}

/** What the operator chose for announcing by BGP. */
export interface BgpSettings {
  readonly enabled: boolean
  /** Who configures the program that speaks BGP: nodelb an FRR by itself, or frr-k8s for it. */
  readonly engine: 'frr' | 'frr-k8s'
  readonly frr: {
    /** The folder with the sockets of FRR's daemons: bgpd.vty, and bfdd.vty where BFD runs. */
    readonly sockets: string
    /** True: others configure this FRR, too, and only what nodelb named is touched. */
    readonly shared: boolean
  }
  /** What the end of the agent does to the routes; when it is killed they always stay. */
  readonly onExit: 'keep' | 'withdraw'
  /** True: Nodes with the label exclude-from-external-load-balancers announce, too. */
  readonly ignoreExcludeLabel: boolean
  readonly drain: {
    /** `ignore`: a Node with spec.unschedulable goes on announcing, as under MetalLB. */
    readonly cordoned: 'ignore' | 'withdraw'
    /** Milliseconds for which routes carry GRACEFUL_SHUTDOWN (RFC 8326) before they go. */
    readonly grace: number
  }
  /** True: a route says how many endpoints its node has, where externalTrafficPolicy is Local. */
  readonly weightByEndpoints: boolean
}

/** What the operator chose for announcing. */
export interface AnnounceSettings {
  readonly bgp: BgpSettings
  readonly layer2: Layer2Settings
  /** True: the node that announces an address answers pings to it. */
  readonly ping: boolean
}

/** What MetalLB excludes (config/manifests, ConfigMap metallb-excludel2). */
const virtualInterfaces: readonly string[] = [
  '^docker.*',
  '^cbr.*',
  '^dummy.*',
  '^virbr.*',
  '^lxcbr.*',
  '^veth.*',
  '^lo$',
  '^cali.*',
  '^tunl.*',
  '^flannel.*',
  '^kube-ipvs.*',
  '^cni.*',
  '^nodelocaldns.*',
  '^lxc.*',
]

export const defaultAnnounceSettings: AnnounceSettings = {
  ping: false,
  bgp: {
    enabled: false,
    engine: 'frr',
    frr: { sockets: '/run/frr', shared: false },
    onExit: 'keep',
    ignoreExcludeLabel: false,
    drain: { cordoned: 'ignore', grace: 0 },
    weightByEndpoints: false,
  },
  layer2: {
    enabled: false,
    excludeInterfaces: undefined,
    ignoreExcludeLabel: false,
    hold: 15_000,
    settle: 10_000,
    // 7946 is MetalLB's port: both may run while one takes the place of the other.
    members: { interval: 200, timeout: 600, port: 7950, keyFile: undefined },
  },
}

/**
 * Returns what is wrong with the settings for this many Nodes, as a sentence; undefined if nothing
 * is. Without a key anybody in the network could pass for a Node.
 */
export function keyProblem(
  { enabled, members }: Layer2Settings,
  nodes: number,
): string | undefined {
  if (!enabled || nodes < 2 || members.keyFile !== undefined) return undefined
  return `announce.layer2.members.keyFile is not set, and there are ${nodes} Nodes: without a key an agent cannot tell another one from a stranger; name a file with the same key on each Node`
}

/**
 * Returns the regular expressions for interfaces on which nothing is announced; `listed` are those of
 * MetalLB's ConfigMap, if there is one.
 */
export function excludedInterfaces(
  { excludeInterfaces }: Pick<Layer2Settings, 'excludeInterfaces'>,
  listed: readonly string[] | undefined,
): readonly string[] {
  return excludeInterfaces ?? listed ?? virtualInterfaces
}
