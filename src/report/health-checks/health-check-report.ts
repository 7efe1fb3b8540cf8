import type { Telemetry } from '../telemetry.ts'
import { HealthChecks } from './health-check.ts'

/** Returns health checks, with no port yet, that report when a port waits and when it is open. */
export function openHealthChecks(telemetry: Telemetry): HealthChecks {
  return new HealthChecks({
    addresses: [],
    healthy: () => telemetry.healthy(),
    onState: (port, { namespace, name }, state) => {
      const check = { service: `${namespace}/${name}`, port }
      if (state.kind === 'open') telemetry.tell({ event: 'health-check-open', ...check })
      else telemetry.tell({ event: 'health-check-waiting', ...check, reason: state.reason })
    },
  })
}
