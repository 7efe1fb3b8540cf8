import { ConnectionMeter } from '../agent/connection-meter.ts'
import { NodePublisher } from '../agent/node-publisher.ts'
import type { Config } from '../config/config.ts'
import { meteredIn } from '../config/settings.ts'
import type { Telemetry } from '../report/telemetry.ts'
import type { Announcers } from '../speaker/announcers.ts'
import { ConfigurationApi } from '../speaker/bgp/configuration-api.ts'
import { NodeConfiguration } from '../speaker/node-configuration.ts'
import { ServiceStatuses } from '../speaker/service-statuses.ts'
import type { EventSink } from '../telemetry/event-queue.ts'
import type { TellAddresses } from '../watch/addresses/address-news.ts'
import { allocatingSource } from '../watch/addresses/allocating-source.ts'
import { StateFolder } from '../watch/addresses/state-folder.ts'
import { ApiClient } from '../watch/api/client.ts'
import type { ApiLocation } from '../watch/api/credentials.ts'
import { followApiServer } from '../watch/api-source.ts'
import { BGP_RESOURCES } from '../watch/bgp-resources.ts'
import { folderSource } from '../watch/files/folder.ts'
import { NamedSecrets } from '../watch/named-secrets.ts'
import { NodeInterest } from '../watch/node-interest.ts'
import { relisting } from '../watch/relisting.ts'
import { NODE_RESOURCES, type Resource } from '../watch/resources.ts'
import type { Source } from '../watch/source.ts'
import { eventSink } from './event-sink.ts'
import type { RunOptions } from './run-arguments.ts'

type Options = ConstructorParameters<typeof Announcers>[0]

/** Kinds of objects by the way of announcing that needs them. */
type Kinds = { readonly [Way in 'layer2' | 'bgp']: readonly Resource[] }

/** What the agent follows. */
export interface Followed {
  readonly source: Source
  readonly events: EventSink | undefined
  /**
   * The kinds of objects that are followed where addresses are announced, in each way; what keeps the
   * statuses of Services and the ConfigurationState, and what reads the Secrets that BGPPeers name, for an API
   * server alone.
   */
  readonly announcing: Pick<Options, 'layer2' | 'bgp' | 'state'>
  /** Tells in the API server how this node fares, until the signal aborts; files have no place for it. */
  readonly publish: (telemetry: Published, signal: AbortSignal) => Promise<void>
  /** The interest in Nodes; undefined for files, which have all Nodes anyway. */
  readonly interest: NodeInterest | undefined
  /** Counts connections; another configuration may choose other Services for it. */
  readonly connections: ConnectionMeter
  /** Follows what another configuration asks for. */
  readonly configure: (config: Config) => void
}

type Published = Pick<Telemetry, 'facts' | 'tell'>

interface Following {
  readonly options: RunOptions
  /** The API server, or the files of the options. */
  readonly location: ApiLocation | 'files'
  readonly version: string
  readonly node: string
  readonly config: Config
}

/** Returns what the agent follows: files, whose Services are given addresses, or an API server. */
export function followed(following: Following, tell: TellAddresses, signal: AbortSignal): Followed {
  const { location } = following
  return location === 'files'
    ? followedFiles(following, tell)
    : followedServer(following, location, signal)
}

function followedFiles({ options, config }: Following, tell: TellAddresses): Followed {
  let current = config
  const kinds = {
    layer2: ['ipaddresspools', 'l2advertisements', 'configmaps'],
    bgp: ['ipaddresspools', ...BGP_RESOURCES, 'configmaps'],
  } as const
  const { source, again } = allocatingSource({
    follow: (kinds) => folderSource(options.files, kinds),
    settings: () => current.allocation,
    passed: () => announcedIn(current, kinds),
    memory: new StateFolder(options.state, tell),
    tell,
  })
  const connections = new ConnectionMeter(meteredIn(config), again)
  const configure = (wanted: Config): void => {
    const before = current
    current = wanted
    const asks = (config: Config): string =>
      JSON.stringify([config.allocation, announcedIn(config, kinds)])
    if (asks(before) !== asks(wanted)) again()
    connections.select(meteredIn(wanted))
  }
  return {
    ...{
      source,
      connections,
      events: undefined,
      interest: undefined,
      configure,
      publish: async () => undefined,
    },
    announcing: {
      layer2: { followed: [...kinds.layer2, ...NODE_RESOURCES], statuses: undefined },
      bgp: {
        ...{ followed: [...kinds.bgp, ...NODE_RESOURCES], secrets: undefined, statuses: undefined },
        configurations: { api: NO_SERVER, namespace: ownNamespace() },
      },
      state: undefined,
    },
  }
}

/** What is said where a FRRConfiguration is to be written and there are files alone. */
const NO_SERVER = {
  apply: async () => 'announce.bgp.engine is frr-k8s, and without an API server nothing is written',
  remove: async () => undefined,
}

/** What is followed for announcing, besides what determines the rules of a node. */
const ANNOUNCED: Kinds = {
  layer2: ['ipaddresspools', 'l2advertisements', 'excluded-interfaces', 'agent-endpointslices'],
  // The API server gives every BGPPeer in the newest version.
  bgp: [
    'ipaddresspools',
    'bgppeers',
    'bgpadvertisements',
    'bfdprofiles',
    'communities',
    'metallb-config',
  ],
}

/** Returns what is followed for announcing with a configuration. */
function announcedIn({ announce: { layer2, bgp } }: Config, kinds: Kinds): readonly Resource[] {
  const all = [...(layer2.enabled ? kinds.layer2 : []), ...(bgp.enabled ? kinds.bgp : [])]
  return [...new Set(all)]
}

function followedServer(
  { options, version, node, config }: Following,
  location: ApiLocation,
  signal: AbortSignal,
): Followed {
  const client = new ApiClient(location, `nodelb/${version}`)
  // A credential plugin that hangs is killed when the agent ends.
  signal.addEventListener('abort', () => client.close())
  const interest = new NodeInterest(wantsAllNodes(config, options))
  // The agent may read these only in its own namespace.
  const namespace = ownNamespace()
  const namespaces = { 'excluded-interfaces': namespace, 'agent-endpointslices': namespace }
  const own = { client, namespace, node, pod: ownPod() }
  let announced = announcedIn(config, ANNOUNCED)
  const { source, again } = listedAgain((listener, round) => {
    const followed = [...announced, ...NODE_RESOURCES]
    return followApiServer({ client, followed, node, interest, namespaces })(listener, round)
  })
  const connections = new ConnectionMeter(meteredIn(config), again)
  const configure = (wanted: Config): void => {
    const before = JSON.stringify(announced)
    announced = announcedIn(wanted, ANNOUNCED)
    if (before !== JSON.stringify(announced)) again()
    connections.select(meteredIn(wanted))
  }
  return {
    ...{ source, interest, configure, connections, events: eventSink(client, signal) },
    publish: (telemetry, until) => published({ client, node }, telemetry).run(until),
    announcing: {
      layer2: {
        followed: [...ANNOUNCED.layer2, ...NODE_RESOURCES],
        statuses: (tell) => new ServiceStatuses({ ...own, protocol: 'layer2', tell }),
      },
      bgp: {
        followed: [...ANNOUNCED.bgp, 'secrets', ...NODE_RESOURCES],
        secrets: (sink, trouble) => new NamedSecrets({ client, sink, trouble }),
        statuses: (tell) => new ServiceStatuses({ ...own, protocol: 'bgp', tell }),
        configurations: { api: new ConfigurationApi(client), namespace },
      },
      state: (tell) => new NodeConfiguration({ ...own, tell }),
    },
  }
}

/** Returns a source that lists everything anew when it is told to. */
function listedAgain(follow: Source): { readonly source: Source; readonly again: () => void } {
  let again = (): void => undefined
  const source: Source = (listener, until) => {
    const following = relisting((round) => follow(listener, round), until)
    again = following.again
    return following.ended
  }
  return { source, again: () => again() }
}

function published(
  own: { readonly client: ApiClient; readonly node: string },
  { facts, tell }: Published,
): NodePublisher {
  return new NodePublisher({
    ...{ ...own, facts },
    tell: (reason) => {
      if (reason === undefined) tell({ event: 'node-status-written' })
      else tell({ event: 'node-status-not-written', reason })
    },
  })
}

/** Returns the namespace of nodelb, as its environment tells it. */
export function ownNamespace(): string {
  return process.env['POD_NAMESPACE'] ?? 'kube-system'
}

/** Returns the Pod of this process, as its environment names it. */
function ownPod(): { readonly name: string; readonly uid: string } | undefined {
  const { POD_NAME: name, POD_UID: uid } = process.env
  return name && uid ? { name, uid } : undefined
}

/**
 * Returns whether all Nodes are needed: with ipvs, a Service's address that is another Node's would
 * be taken by this node; and any Node may be the one that announces an address.
 */
export function wantsAllNodes(config: Config, options: Pick<RunOptions, 'backend'>): boolean {
  return needsAllNodes(config, options) || config.announce.layer2.enabled
}

/** Returns whether nothing may be programmed before all Nodes are known. */
export function needsAllNodes(config: Config, { backend }: Pick<RunOptions, 'backend'>): boolean {
  return (backend ?? config.backend) === 'ipvs'
}
