import * as z from 'zod'
import { fields, flag, list, oneOf, parseFields, port, readCidrs, text } from '../decode/fields.ts'
import { orList, type Report } from '../decode/problem.ts'
import { readSelectorText } from '../decode/selector-text.ts'
import type { Cidr, Port } from '../model/address.ts'
import { type AllocationSettings, defaultAllocationSettings } from '../model/allocation-settings.ts'
import { type AnnounceSettings, defaultAnnounceSettings } from '../model/announce-settings.ts'
import { BACKEND_KINDS, type BackendKind } from '../model/backend.ts'
import { type IptablesSettings, iptablesFlavours } from '../model/iptables.ts'
import { defaultIpvsSettings } from '../model/ipvs.ts'
import type { LabelSelector } from '../model/label-selector.ts'
import { defaultLimits, type Limits } from '../model/limits.ts'
import type { UiSettings } from '../model/listening.ts'
import type { ExternalIpRules, Scope, Settings } from '../model/node.ts'
import type { TcpFlows } from '../plan/flows/stale.ts'
import type { Ownership } from '../plan/nftables/ownership.ts'
import { AFFINITY_CLIENTS } from '../ruleset/nftables/set-schema.ts'
import { allocationFields, allocationOf } from './allocation-config.ts'
import { announceOf, announceSchema } from './announce-config.ts'
import { type OwnBindAddresses, ownBindAddresses } from './bind-address.ts'
import { milliseconds } from './duration.ts'
import { checkFields, nodelbFields } from './known-fields.ts'
import { count, limitsOf, limitsSchema } from './limits-config.ts'
import { defaultUiSettings, uiOf, uiSchema } from './ui-config.ts'

/** The configured backend: `auto` means nftables if the kernel has it, else iptables. */
export type BackendName = BackendKind | 'auto'

/** The values of a NodelbConfiguration. */
export interface NodelbConfig {
  readonly scope: Scope
  readonly backend: BackendName
  readonly target: Settings['target']
  readonly serviceRanges: readonly Cidr[]
  readonly externalIps: ExternalIpRules
  /** The ports of the node's own programs, besides those of nodelb. */
  readonly protectedPorts: readonly Port[]
  readonly tcpFlows: TcpFlows
  /**
   * Whether TCP segments outside the window are translated anyway; if undefined, the scope decides.
   */
  readonly tcpBeLiberal: boolean | undefined
  readonly ownership: Ownership
  /** Milliseconds from the start of one commit of the agent to the start of the next. */
  readonly minSyncPeriod: number
  /** Whether an operator chose it; the default ends early where nothing is gathered (ADR 0037). */
  readonly minSyncPeriodIsSet: boolean
  /** Milliseconds between two full comparisons of the agent. */
  readonly comparePeriod: number
  /** The dummy interface of the ipvs backend. */
  readonly ipvsInterface: string
  readonly iptablesFlavour: IptablesSettings['flavour']
  readonly ownBindAddresses: OwnBindAddresses
  /** The number of clients that the kernel remembers for a Service with session affinity. */
  readonly affinityClients: number
  readonly meterServices: boolean
  /** Which Services have their connections counted, as it is written and as it was read; all if undefined. */
  readonly meterSelector: { readonly text: string; readonly selector: LabelSelector } | undefined
  readonly limits: Limits
  readonly allocation: AllocationSettings
  readonly announce: AnnounceSettings
  readonly ui: UiSettings
}

/**
 * The values in the document itself; minSyncPeriod may also come from the KubeProxyConfiguration.
 */
export type NodelbFields = Omit<NodelbConfig, 'minSyncPeriod' | 'minSyncPeriodIsSet'> & {
  readonly minSyncPeriod: number | undefined
}

export const defaultNodelbConfig: NodelbConfig = {
  scope: 'load-balancer',
  backend: 'auto',
  target: 'pods',
  serviceRanges: [],
  externalIps: { allow: undefined, nodeAddresses: true },
  // The API server, the kubelet, and etcd for clients and for peers.
  protectedPorts: [6443, 10250, 2379, 2380] as Port[],
  tcpFlows: 'keep',
  tcpBeLiberal: undefined,
  ownership: 'kernel',
  minSyncPeriod: 100,
  minSyncPeriodIsSet: false,
  comparePeriod: 600_000,
  ipvsInterface: defaultIpvsSettings.interface,
  iptablesFlavour: 'auto',
  ownBindAddresses: { healthz: undefined, metrics: undefined },
  affinityClients: AFFINITY_CLIENTS,
  meterServices: false,
  meterSelector: undefined,
  limits: defaultLimits,
  allocation: defaultAllocationSettings,
  announce: defaultAnnounceSettings,
  ui: defaultUiSettings,
}

const INTERFACE_NAME = 'a network interface name of 1 to 15 characters'

/** The kernel's rule for names, without the characters that have a meaning for a shell or ip(8). */
const interfaceName = z
  .string({ error: INTERFACE_NAME })
  .regex(/^[a-zA-Z][\w.-]{0,14}$/, { error: INTERFACE_NAME })

const nodelbSchema = fields({
  scope: oneOf(['load-balancer', 'all']).nullish(),
  backend: text.nullish(),
  target: oneOf(['pods', 'cluster-ip']).nullish(),
  serviceCIDRs: list.nullish(),
  conntrack: fields({
    tcp: oneOf(['keep', 'reset']).nullish(),
    tcpBeLiberal: flag.nullish(),
  }).nullish(),
  externalIPs: fields({ allow: list.nullish(), nodeAddresses: flag.nullish() }).nullish(),
  protectedPorts: z.array(port, { error: 'a list of ports' }).nullish(),
  ownership: oneOf(['kernel', 'none']).nullish(),
  minSyncPeriod: milliseconds(0, 60_000).nullish(),
  comparePeriod: milliseconds(1_000, 86_400_000).nullish(),
  ipvs: fields({ interface: interfaceName.nullish() }).nullish(),
  iptables: fields({ flavour: oneOf(iptablesFlavours).nullish() }).nullish(),
  healthzBindAddress: text.nullish(),
  metricsBindAddress: text.nullish(),
  metrics: fields({
    services: fields({ enabled: flag.nullish(), selector: text.nullish() }).nullish(),
  }).nullish(),
  sessionAffinity: fields({ clients: count.nullish() }).nullish(),
  limits: limitsSchema,
  ...allocationFields,
  announce: announceSchema,
  ui: uiSchema,
})

/**
 * Decodes a NodelbConfiguration. Returns undefined if it cannot be used as a whole; what is wrong
 * is reported.
 */
export function decodeNodelbConfig(json: unknown, report: Report): NodelbFields | undefined {
  checkFields(json, '', { known: nodelbFields }, report)
  const read: z.infer<typeof nodelbSchema> | undefined = parseFields(nodelbSchema, json, '', report)
  if (read === undefined) return undefined
  const backend = readBackend(read.backend ?? defaultNodelbConfig.backend, 'backend', report)
  if (backend === undefined) return undefined
  return {
    scope: read.scope ?? defaultNodelbConfig.scope,
    backend,
    target: read.target ?? defaultNodelbConfig.target,
    serviceRanges: readCidrs(read.serviceCIDRs ?? [], 'serviceCIDRs', report),
    externalIps: externalIpsOf(read.externalIPs ?? {}, report),
    protectedPorts: read.protectedPorts ?? defaultNodelbConfig.protectedPorts,
    tcpFlows: read.conntrack?.tcp ?? defaultNodelbConfig.tcpFlows,
    tcpBeLiberal: read.conntrack?.tcpBeLiberal ?? undefined,
    ownership: read.ownership ?? defaultNodelbConfig.ownership,
    minSyncPeriod: read.minSyncPeriod ?? undefined,
    comparePeriod: read.comparePeriod ?? defaultNodelbConfig.comparePeriod,
    ipvsInterface: read.ipvs?.interface ?? defaultNodelbConfig.ipvsInterface,
    iptablesFlavour: read.iptables?.flavour ?? defaultNodelbConfig.iptablesFlavour,
    ownBindAddresses: ownBindAddresses(read, report),
    meterServices: read.metrics?.services?.enabled ?? defaultNodelbConfig.meterServices,
    meterSelector: meterSelectorOf(read.metrics?.services?.selector, report),
    affinityClients: read.sessionAffinity?.clients ?? defaultNodelbConfig.affinityClients,
    limits: limitsOf(read.limits),
    allocation: allocationOf(read),
    announce: announceOf(read.announce, report),
    ui: uiOf(read.ui, report),
  }
}

function meterSelectorOf(
  written: string | null | undefined,
  report: Report,
): NodelbConfig['meterSelector'] {
  if (written === null || written === undefined) return undefined
  const selector = readSelectorText(written, 'metrics.services.selector', report)
  return selector && { text: written, selector }
}

/**
 * Returns the rules for externalIPs. An empty list allows no address; without a list, all are
 * allowed.
 */
function externalIpsOf(
  { allow, nodeAddresses }: NonNullable<z.infer<typeof nodelbSchema>['externalIPs']>,
  report: Report,
): ExternalIpRules {
  return {
    allow: allow ? readCidrs(allow, 'externalIPs.allow', report) : undefined,
    nodeAddresses: nodeAddresses ?? defaultNodelbConfig.externalIps.nodeAddresses,
  }
}

/** The values of `backend`, in a file and as a flag. */
export const BACKENDS: readonly BackendName[] = ['auto', ...BACKEND_KINDS]

/** Returns the backend with that name; reports a problem and returns undefined if there is none. */
export function readBackend(value: unknown, path: string, report: Report): BackendName | undefined {
  const name = BACKENDS.find((each) => each === value)
  if (name !== undefined) return name
  report.error(path, value, orList(BACKENDS))
  return undefined
}
