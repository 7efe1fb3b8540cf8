/** What each kind has to have, field by field: MetalLB's as the documentation of its API says, and ours. */
interface Kind {
  readonly plural: string
  /** `metallb.io` and `Namespaced` where nothing is said. */
  readonly group?: string
  readonly scope?: string
  /** `NAME TYPE JSON-PATH`, and the priority if it has one. */
  readonly columns: readonly string[]
  /**
   * `PATH TYPE`, then what holds of the field: `required`, `=DEFAULT`, `MINIMUM..MAXIMUM`, the values,
   * and `rules:N` for rules in CEL. `[]` in a type is a list, and LS a metav1.LabelSelector.
   */
  readonly fields: Readonly<Record<string, string>>
}

const SERVICE_STATUS = `
spec object
status object
status.node string rules:1
status.serviceName string rules:1
status.serviceNamespace string rules:1
`

const POOLS = `
spec.ipAddressPools string[]
spec.ipAddressPoolSelectors LS[]
`

export const KINDS: Readonly<Record<string, Kind>> = {
  NodelbNodeStatus: {
    plural: 'nodelbnodestatuses',
    group: 'nodelb.io',
    scope: 'Cluster',
    columns: [
      'Ready boolean .status.ready',
      'Backend string .status.backend',
      'Version string .status.version',
      'P99 ms integer .status.p99Milliseconds',
      'Repairs integer .status.repairs',
      'Refused integer .status.refusedServices',
      'Compared date .status.comparedAt',
    ],
    fields: {
      v1alpha1: `
status object
status.observedAt date-time
status.startedAt date-time
status.version string
status.backend string
status.scope string
status.owned boolean
status.ready boolean
status.reason string ..300
status.p99Milliseconds int64
status.changes int64
status.lastChangeAt date-time
status.comparedAt date-time
status.repairs int64
status.drift object
status.drift.since date-time
status.drift.reason string ..300
status.refused object[]
status.refused[].service string
status.refused[].reason string ..300
status.refusedServices int64
`,
    },
  },
  IPAddressPool: {
    plural: 'ipaddresspools',
    columns: [
      'Auto Assign boolean .spec.autoAssign',
      'Avoid Buggy IPs boolean .spec.avoidBuggyIPs',
      'Addresses string .spec.addresses',
    ],
    fields: {
      v1beta1: `
spec object required
spec.addresses string[] required 1..items pattern
spec.autoAssign boolean =true
spec.avoidBuggyIPs boolean =false
spec.serviceAllocation object
spec.serviceAllocation.priority integer
spec.serviceAllocation.namespaces string[]
spec.serviceAllocation.namespaceSelectors LS[]
spec.serviceAllocation.serviceSelectors LS[]
status object
status.assignedIPv4 int64 required
status.assignedIPv6 int64 required
status.availableIPv4 int64 required
status.availableIPv6 int64 required
`,
    },
  },
  L2Advertisement: {
    plural: 'l2advertisements',
    columns: [
      'IPAddressPools string .spec.ipAddressPools',
      'IPAddressPool Selectors string .spec.ipAddressPoolSelectors',
      'Interfaces string .spec.interfaces',
      'Node Selectors string .spec.nodeSelectors 10',
    ],
    fields: {
      v1beta1: `
spec object
${POOLS}
spec.nodeSelectors LS[]
spec.interfaces string[]
spec.serviceSelectors LS[]
spec.preferredNodeSelectors object[]
spec.preferredNodeSelectors[].weight int32 required 1..100
spec.preferredNodeSelectors[].preference LS required
status object
`,
    },
  },
  BGPAdvertisement: {
    plural: 'bgpadvertisements',
    columns: [
      'IPAddressPools string .spec.ipAddressPools',
      'IPAddressPool Selectors string .spec.ipAddressPoolSelectors',
      'Peers string .spec.peers',
      'Node Selectors string .spec.nodeSelectors 10',
    ],
    fields: {
      v1beta1: `
spec object rules:1
${POOLS}
spec.aggregationLength int32 =32 1..32
spec.aggregationLengthV6 int32 =128 ..128
spec.localPref int32
spec.communities string[]
spec.nodeSelectors LS[]
spec.peers string[]
spec.serviceSelectors LS[]
status object
`,
    },
  },
  BGPPeer: {
    plural: 'bgppeers',
    columns: [
      'Address string .spec.peerAddress',
      'ASN string .spec.peerASN',
      'BFD Profile string .spec.bfdProfile',
      'Multi Hops string .spec.ebgpMultiHop',
    ],
    fields: {
      v1beta1: `
spec object
spec.myASN int64 required 0..4294967295
spec.peerASN int64 required 0..4294967295
spec.peerAddress string required
spec.sourceAddress string
spec.peerPort int32 0..16384
spec.holdTime string
spec.keepaliveTime string
spec.routerID string
spec.nodeSelectors object[]
spec.nodeSelectors[].matchLabels map
spec.nodeSelectors[].matchExpressions object[]
spec.nodeSelectors[].matchExpressions[].key string required
spec.nodeSelectors[].matchExpressions[].operator string required
spec.nodeSelectors[].matchExpressions[].values string[] required 1..items
spec.password string
spec.bfdProfile string
spec.ebgpMultiHop boolean
status object
`,
      v1beta2: `
spec object rules:6
spec.myASN int64 required 0..4294967295
spec.peerASN int64 0..4294967295
spec.localASN int64 1..4294967295
spec.dynamicASN string internal|external
spec.peerAddress string
spec.interface string
spec.sourceAddress string
spec.peerPort int32 =179 1..16384
spec.holdTime string rules:1
spec.keepaliveTime string
spec.connectTime string rules:2
spec.routerID string
spec.nodeSelectors LS[]
spec.password string
spec.passwordSecret object atomic
spec.passwordSecret.name string
spec.passwordSecret.namespace string
spec.bfdProfile string
spec.enableGracefulRestart boolean rules:1
spec.ebgpMultiHop boolean
spec.vrf string
spec.disableMP boolean =false
spec.dualStackAddressFamily boolean =false
status object
`,
    },
  },
  BFDProfile: {
    plural: 'bfdprofiles',
    columns: [
      'Passive Mode boolean .spec.passiveMode',
      'Transmit Interval integer .spec.transmitInterval',
      'Receive Interval integer .spec.receiveInterval',
      'Multiplier integer .spec.detectMultiplier',
    ],
    fields: {
      v1beta1: `
spec object
spec.receiveInterval int32 10..60000
spec.transmitInterval int32 10..60000
spec.echoInterval int32 10..60000
spec.detectMultiplier int32 2..255
spec.minimumTtl int32 1..254
spec.echoMode boolean
spec.passiveMode boolean
status object
`,
    },
  },
  Community: {
    plural: 'communities',
    columns: [],
    fields: {
      v1beta1: `
spec object
spec.communities object[]
spec.communities[].name string
spec.communities[].value string
status object
`,
    },
  },
  ServiceL2Status: {
    plural: 'servicel2statuses',
    columns: [
      'Allocated Node string .status.node',
      'Service Name string .status.serviceName',
      'Service Namespace string .status.serviceNamespace',
    ],
    fields: {
      v1beta1: `
${SERVICE_STATUS}
status.interfaces object[]
status.interfaces[].name string
`,
    },
  },
  ServiceBGPStatus: {
    plural: 'servicebgpstatuses',
    columns: [
      'Node string .status.node',
      'Service Name string .status.serviceName',
      'Service Namespace string .status.serviceNamespace',
    ],
    fields: {
      v1beta1: `
${SERVICE_STATUS}
status.peers string[]
`,
    },
  },
  ConfigurationState: {
    plural: 'configurationstates',
    columns: [
      'Result string .status.result',
      'ErrorSummary string .status.errorSummary',
      'Age date .metadata.creationTimestamp',
    ],
    fields: {
      v1beta1: `
status object
status.result string Valid|Invalid|Unknown
status.errorSummary string
status.conditions object[] by:type
status.conditions[].type string required ..316 pattern
status.conditions[].status string required True|False|Unknown
status.conditions[].observedGeneration int64 0..
status.conditions[].lastTransitionTime date-time required
status.conditions[].reason string required 1..1024 pattern
status.conditions[].message string required ..32768
`,
    },
  },
}
