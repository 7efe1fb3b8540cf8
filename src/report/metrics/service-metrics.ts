import { Gauge, type Registry } from 'prom-client'
import type { AgentState } from '../status/agent-state.ts'
import type { ServiceTotals } from './service-counts.ts'

export interface ServiceSource {
  readonly state: AgentState
  readonly totals: () => ServiceTotals
}

type State = 'serving' | 'refusing' | 'contested' | 'refused'
type Counts = Record<State, number>

/** Registers the gauges that count Services, frontends and endpoints, which are read when scraped. */
export function registerServiceMetrics(registry: Registry, { state, totals }: ServiceSource): void {
  const byState = (name: string, help: string, counts: (totals: ServiceTotals) => Counts): void => {
    new Gauge({
      ...{ name, help, labelNames: ['state'], registers: [registry] },
      collect() {
        for (const [label, count] of Object.entries(counts(totals()))) {
          this.set({ state: label }, count)
        }
      },
    })
  }
  byState('nodelb_services', 'Services that ask for addresses or ports, by state.', (found) =>
    servicesBy(state, found),
  )
  byState('nodelb_frontends', 'What Services ask for, by state.', (found) =>
    frontendsBy(state, found),
  )
  new Gauge({
    name: 'nodelb_held_ports',
    help: 'Ports served for Services that something else on the node listens on.',
    registers: [registry],
    collect() {
      const all = [...state.heldPorts.values()]
      this.set(all.reduce((sum, ports) => sum + ports.length, 0))
    },
  })
  new Gauge({
    ...{ name: 'nodelb_endpoints', help: 'Endpoints of these Services.', labelNames: ['ready'] },
    registers: [registry],
    collect() {
      const { ready, notReady } = totals()
      this.set({ ready: 'true' }, ready)
      this.set({ ready: 'false' }, notReady)
    },
  })
}

/** Counts each Service once, by the worst that is true of it. */
function servicesBy(state: AgentState, { services, withoutEndpoints }: ServiceTotals): Counts {
  const refused = new Set<string>(state.refused.keys())
  const contested = new Set<string>()
  for (const { service } of state.denied.values()) if (!refused.has(service)) contested.add(service)
  let refusing = 0
  for (const name of withoutEndpoints.keys()) {
    if (!refused.has(name) && !contested.has(name)) refusing++
  }
  const serving = Math.max(0, services - refused.size - contested.size - refusing)
  return { serving, refusing, contested: contested.size, refused: refused.size }
}

/** Counts what is denied apart from the rest of its Service. */
function frontendsBy(state: AgentState, { frontends, withoutEndpoints }: ServiceTotals): Counts {
  const denied = [...state.denied.values()]
  const contested = denied.filter(({ event }) => event === 'address-contested').length
  const more = [...state.moreDenied.values()].reduce((sum, count) => sum + count, 0)
  const refused = denied.length - contested + more
  let refusing = 0
  for (const [name, count] of withoutEndpoints) if (!state.refused.has(name)) refusing += count
  const serving = Math.max(0, frontends - contested - refused - refusing)
  return { serving, refusing, contested, refused }
}
