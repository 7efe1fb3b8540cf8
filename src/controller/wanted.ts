import type { Decision } from '../allocate/decide.ts'
import { printReason } from '../allocate/print-reason.ts'
import { reasonWord } from '../allocate/reason.ts'
import { renewAnnotation } from '../decode/allocation/annotations.ts'
import type { AllocationSettings } from '../model/allocation-settings.ts'
import { type ServiceName, serviceName } from '../model/service-name.ts'
import type { StoredService } from '../watch/allocation-store.ts'
import type { WantedStatus } from './status-patch.ts'

/** Finalizers that no controller takes off any more, once k3s ServiceLB is disabled. */
const ORPHANED_FINALIZERS: readonly string[] = [
  'service.kubernetes.io/load-balancer-cleanup',
  'svccontroller.k3s.cattle.io/daemonset',
]

/**
 * Returns what the status of each Service has to say, by `namespace/name`. A Service that others
 * give addresses to is not among them, unless its status still has some of ours.
 */
export function wantedStatuses(
  decision: Decision,
  services: ReadonlyMap<ServiceName, StoredService>,
  settings: AllocationSettings,
): ReadonlyMap<ServiceName, WantedStatus> {
  const wanted = new Map<ServiceName, WantedStatus>()
  for (const grant of decision.grants) {
    const { addresses, reason } = grant
    const service = serviceName(grant)
    const status = services.get(service)?.status
    const isDone = addresses.length > 0 && reason.kind !== 'no-nodes-known'
    wanted.set(service, {
      addresses: addresses.map(({ address }) => address),
      pool: addresses.find(({ pool }) => pool !== undefined)?.pool,
      renewed: isDone ? status?.annotations.get(renewAnnotation) : undefined,
      finalizers: settings.adoptFinalizers ? withoutOrphaned(status?.finalizers ?? []) : undefined,
      reason: reasonWord(reason),
      message: printReason(reason),
    })
  }
  for (const other of decision.others) if (other.released) wanted.set(serviceName(other), RELEASED)
  return wanted
}

const RELEASED: WantedStatus = {
  addresses: [],
  pool: undefined,
  renewed: undefined,
  finalizers: undefined,
  reason: 'Released',
  message: 'It is no longer a Service to which nodelb gives addresses.',
}

function withoutOrphaned(finalizers: readonly string[]): readonly string[] {
  return finalizers.filter((each) => !ORPHANED_FINALIZERS.includes(each))
}
