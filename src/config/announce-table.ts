import { choice, duration, type Field, flagKind, whole } from './field.ts'
import { writeDuration } from './write-value.ts'

const EXCLUDED = 'node.kubernetes.io/exclude-from-external-load-balancers'

/** The fields in `announce` of a NodelbConfiguration. */
export const announceFieldTable: readonly Field[] = [
  {
    path: 'announce.ping',
    value: flagKind,
    meaning: 'Whether the node that announces an address answers pings to it.',
    of: ({ announce }) => announce.ping,
  },
  {
    path: 'announce.bgp.enabled',
    value: flagKind,
    meaning: 'Whether addresses are announced by BGP, through an FRR on the node.',
    of: ({ announce }) => announce.bgp.enabled,
  },
  {
    path: 'announce.bgp.engine',
    value: choice('frr', 'frr-k8s'),
    meaning: 'Who configures the program that speaks BGP.',
    of: ({ announce }) => announce.bgp.engine,
  },
  {
    path: 'announce.bgp.frr.sockets',
    value: { kind: 'text', words: 'the path of a folder', pattern: '^/' },
    meaning: "The folder with the sockets of FRR's daemons.",
    of: ({ announce }) => announce.bgp.frr.sockets,
  },
  {
    path: 'announce.bgp.frr.shared',
    value: flagKind,
    meaning: 'Whether others configure this FRR, too.',
    of: ({ announce }) => announce.bgp.frr.shared,
  },
  {
    path: 'announce.bgp.onExit',
    value: choice('keep', 'withdraw'),
    meaning: 'Whether the routes stay when the agent ends.',
    of: ({ announce }) => announce.bgp.onExit,
  },
  {
    path: 'announce.bgp.ignoreExcludeLabel',
    value: flagKind,
    meaning: `Whether Nodes with the label ${EXCLUDED} announce by BGP, too.`,
    of: ({ announce }) => announce.bgp.ignoreExcludeLabel,
  },
  {
    path: 'announce.bgp.drain.cordoned',
    value: choice('ignore', 'withdraw'),
    meaning: 'Whether a cordoned Node goes on announcing by BGP.',
    of: ({ announce }) => announce.bgp.drain.cordoned,
  },
  {
    path: 'announce.bgp.drain.grace',
    value: duration(0, 3_600_000),
    meaning: 'How long routes carry GRACEFUL_SHUTDOWN before they go.',
    of: ({ announce }) => writeDuration(announce.bgp.drain.grace),
  },
  {
    path: 'announce.bgp.weightByEndpoints',
    value: flagKind,
    meaning:
      'Whether routes say how many endpoints their Node has, so that routers send it its share.',
    of: ({ announce }) => announce.bgp.weightByEndpoints,
  },
  {
    path: 'announce.layer2.enabled',
    value: flagKind,
    meaning: 'Whether the agents announce LoadBalancer addresses by ARP and NDP.',
    of: ({ announce }) => announce.layer2.enabled,
  },
  {
    path: 'announce.layer2.excludeInterfaces',
    value: { kind: 'list', words: 'list of regular expressions', item: {} },
    otherwise: "those of the ConfigMap `metallb-excludel2`, else MetalLB's list",
    meaning: 'Regular expressions for interfaces on which nothing is announced.',
    of: ({ announce }) => announce.layer2.excludeInterfaces ?? null,
  },
  {
    path: 'announce.layer2.ignoreExcludeLabel',
    value: flagKind,
    meaning: `Whether Nodes with the label ${EXCLUDED} announce by ARP and NDP, too.`,
    of: ({ announce }) => announce.layer2.ignoreExcludeLabel,
  },
  {
    path: 'announce.layer2.hold',
    value: duration(5_000, 600_000),
    meaning: 'How long the kernel of a node goes on answering without its agent.',
    of: ({ announce }) => writeDuration(announce.layer2.hold),
  },
  {
    path: 'announce.layer2.settle',
    value: duration(0, 600_000),
    meaning: 'How long a node that is new ranks behind the others.',
    of: ({ announce }) => writeDuration(announce.layer2.settle),
  },
  {
    path: 'announce.layer2.members.interval',
    value: duration(50, 5_000),
    meaning: 'How often agents tell each other that they are there.',
    of: ({ announce }) => writeDuration(announce.layer2.members.interval),
  },
  {
    path: 'announce.layer2.members.timeout',
    value: duration(100, 60_000, 'at least two intervals, up to `1m`'),
    otherwise: 'three intervals',
    meaning: 'How long an agent may be silent before another node takes its addresses.',
    of: ({ announce }) => writeDuration(announce.layer2.members.timeout),
  },
  {
    path: 'announce.layer2.members.port',
    value: whole(1, 65_535),
    meaning: 'The UDP port of these messages.',
    of: ({ announce }) => announce.layer2.members.port,
  },
  {
    path: 'announce.layer2.members.keyFile',
    value: { kind: 'text', words: 'a path', pattern: '[\\s\\S]' },
    otherwise: 'none',
    meaning: 'The file with the key that signs them; required with more than one Node.',
    of: ({ announce }) => announce.layer2.members.keyFile ?? null,
  },
]
