import { Counter, Gauge, type Registry } from 'prom-client'
import { RESOURCES } from '../../watch/source.ts'
import { readiness } from './health.ts'
import type { AgentState } from './state.ts'

export interface StateSource {
  readonly version: string
  readonly state: AgentState
  readonly objects: () => Readonly<Record<'services' | 'endpointslices', number>>
  readonly linesLost: () => number
  readonly healthChecks: () => number
  readonly generation: () => Promise<number | undefined>
}

/** What is so at the moment; read when asked for. */
export function registerStateMetrics(registry: Registry, source: StateSource): void {
  const registers = [registry]
  const { state } = source
  type Value = number | undefined
  const gauge = (name: string, help: string, value: () => Value | Promise<Value>): void => {
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        const now = await value()
        if (now !== undefined) this.set(now)
      },
    })
  }
  gauge('nodelb_ready', '1 if /readyz says so.', () => (readiness(state).good ? 1 : 0))
  gauge(
    'nodelb_ruleset_generation',
    'Generation of the rule set, as the kernel counts.',
    source.generation,
  )
  gauge('nodelb_last_commit_timestamp_seconds', 'The last successful commit, since 1970.', () =>
    seconds(state.lastCommit?.at),
  )
  gauge(
    'nodelb_start_duration_seconds',
    'From the start to the first commit.',
    () => state.firstCommitAt && seconds(state.firstCommitAt - state.startedAt),
  )
  gauge('nodelb_rejected_services', 'Services that the kernel refuses.', () => state.refused.size)
  gauge(
    'nodelb_contested_addresses',
    'Addresses that another Service has.',
    () => state.contested.size,
  )
  gauge(
    'nodelb_invalid_objects',
    'Objects of which something cannot be used.',
    () => state.invalid.size,
  )
  gauge('nodelb_table_owned', '1 if the kernel keeps others from changing the tables.', () =>
    state.ownership.kind === 'owned' ? 1 : 0,
  )
  gauge('nodelb_health_check_ports', 'Open ports of healthCheckNodePort.', source.healthChecks)
  gauge(
    'nodelb_health_check_ports_waiting',
    'Such ports that cannot be opened.',
    () => state.closedHealthChecks.size,
  )
  registerLabelled(registry, source)
}

function registerLabelled(registry: Registry, source: StateSource): void {
  const registers = [registry]
  new Gauge({
    name: 'nodelb_build_info',
    help: 'Constant 1.',
    labelNames: ['version', 'node_version'],
    registers,
  }).set({ version: source.version, node_version: process.version }, 1)
  new Counter({
    name: 'nodelb_log_lines_lost_total',
    help: 'Log lines that could not be written.',
    registers,
    collect() {
      this.reset()
      this.inc(source.linesLost())
    },
  })
  new Gauge({
    name: 'nodelb_objects',
    help: 'Objects that nodelb holds, by resource.',
    labelNames: ['resource'],
    registers,
    collect() {
      for (const [resource, count] of Object.entries(source.objects())) {
        this.set({ resource }, count)
      }
    },
  })
  new Gauge({
    name: 'nodelb_condition',
    help: '1 for each condition of the node that needs attention.',
    labelNames: ['condition'],
    registers,
    collect() {
      this.reset()
      for (const condition of source.state.conditions.keys()) this.set({ condition }, 1)
    },
  })
  new Gauge({
    name: 'nodelb_watch_following',
    help: '1 if the resource is followed.',
    labelNames: ['resource'],
    registers,
    collect() {
      for (const resource of RESOURCES) {
        this.set({ resource }, source.state.watches[resource].kind === 'following' ? 1 : 0)
      }
    },
  })
}

function seconds(ms: number | undefined): number | undefined {
  return ms && ms / 1000
}
