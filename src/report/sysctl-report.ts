import { printSysctl, type SysctlOutcome } from '../apply/sysctl/prepare-node.ts'
import type { Telemetry } from './telemetry.ts'

/** Reports a sysctl that was set now, or that could not be set. */
export function tellSysctl(outcome: SysctlOutcome, telemetry: Pick<Telemetry, 'tell'>): void {
  if (outcome.kind === 'kept') return
  const event = outcome.kind === 'set' ? 'sysctl-set' : 'sysctl-not-set'
  telemetry.tell({ event, sysctl: outcome.name, found: printSysctl(outcome) })
}
