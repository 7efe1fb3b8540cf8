import { Counter, Gauge, type Registry } from 'prom-client'
import type { AffinityFill } from '../../apply/nftables/affinity-fill.ts'
import { familyOfTable } from '../../model/family.ts'
import type { AgentState } from '../status/agent-state.ts'
import { readiness } from '../status/health.ts'

export interface StateSource {
  readonly version: string
  readonly state: AgentState
  readonly objects: () => Readonly<Record<'services' | 'endpointslices', number>>
  readonly linesLost: () => number
  readonly healthChecks: () => number
  readonly generation: () => Promise<number | undefined>
  readonly affinity: () => Promise<readonly AffinityFill[]>
  /** Returns how full connection tracking is; undefined where the kernel does not tell. */
  readonly conntrack: () => { readonly count: number; readonly max: number } | undefined
}

/** Registers metrics of the present state, which are read when scraped. */
export function registerStateMetrics(registry: Registry, source: StateSource): void {
  for (const plain of [...kernelGauges(source), ...nodeGauges(source), ...serviceGauges(source)]) {
    register(registry, plain)
  }
  registerProgram(registry, source)
  registerLabelled(registry, source)
  registerAffinity(registry, source)
}

/** A gauge without labels. */
interface PlainGauge {
  readonly name: string
  readonly help: string
  /** Returns the value; undefined leaves the gauge as it was, 0 at first. */
  readonly value: () => number | undefined | Promise<number | undefined>
}

function register(registry: Registry, { name, help, value }: PlainGauge): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      const now = await value()
      if (now !== undefined) this.set(now)
    },
  })
}

function kernelGauges({ state, generation }: StateSource): readonly PlainGauge[] {
  return [
    {
      name: 'nodelb_ready',
      help: '1 if /readyz says so.',
      value: () => (readiness(state).good ? 1 : 0),
    },
    {
      name: 'nodelb_ruleset_generation',
      help: 'Generation of the rule set, as the kernel counts.',
      value: generation,
    },
    {
      name: 'nodelb_last_commit_timestamp_seconds',
      help: 'The last successful commit, since 1970.',
      value: () => seconds(state.lastCommit?.at),
    },
    {
      name: 'nodelb_start_duration_seconds',
      help: 'From the start to the first commit.',
      value: () => state.firstCommitAt && seconds(state.firstCommitAt - state.startedAt),
    },
  ]
}

function nodeGauges({ state, conntrack }: StateSource): readonly PlainGauge[] {
  return [
    {
      name: 'nodelb_last_comparison_timestamp_seconds',
      help: 'When all that the kernel holds was last compared, since 1970.',
      value: () => seconds(state.verified?.comparedAt),
    },
    {
      name: 'nodelb_config_stale',
      help: '1 if the newest configuration was refused or cannot be put in force.',
      value: () => (state.refusedConfiguration || state.waiting?.failed ? 1 : 0),
    },
    {
      name: 'nodelb_conntrack_entries',
      help: 'Connections that the kernel tracks.',
      value: () => conntrack()?.count,
    },
    {
      name: 'nodelb_conntrack_limit',
      help: 'The most connections that the kernel tracks.',
      value: () => conntrack()?.max,
    },
  ]
}

function serviceGauges({ state, healthChecks }: StateSource): readonly PlainGauge[] {
  const denied = () =>
    [...state.moreDenied.values()].reduce((sum, more) => sum + more, state.denied.size)
  return [
    {
      name: 'nodelb_rejected_services',
      help: 'Services that the kernel refuses.',
      value: () => state.refused.size,
    },
    {
      name: 'nodelb_contested_addresses',
      help: 'Addresses that a Service asks for and does not get.',
      value: denied,
    },
    {
      name: 'nodelb_invalid_objects',
      help: 'Objects with a field that cannot be used.',
      value: () => state.invalid.size,
    },
    {
      name: 'nodelb_table_owned',
      help: '1 if the kernel keeps others from changing the tables.',
      value: () => (state.ownership.kind === 'owned' ? 1 : 0),
    },
    {
      name: 'nodelb_health_check_ports',
      help: 'Open ports of healthCheckNodePort.',
      value: healthChecks,
    },
    {
      name: 'nodelb_health_check_ports_waiting',
      help: 'Such ports that cannot be opened.',
      value: () => state.closedHealthChecks.size,
    },
  ]
}

function registerProgram(registry: Registry, source: StateSource): void {
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
}

function registerLabelled(registry: Registry, source: StateSource): void {
  const registers = [registry]
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
      for (const [resource, { kind }] of source.state.watches) {
        this.set({ resource }, kind === 'following' ? 1 : 0)
      }
    },
  })
}

/**
 * Registers the gauges about session affinity. Those read in the same scrape share one reading of
 * the kernel.
 */
function registerAffinity(registry: Registry, { affinity }: StateSource): void {
  const read = shared(affinity)
  const gauge = (
    name: string,
    help: string,
    value: Exclude<keyof AffinityFill, 'family'>,
  ): void => {
    new Gauge({
      name,
      help,
      labelNames: ['family'],
      registers: [registry],
      async collect() {
        this.reset()
        for (const fill of await read()) {
          const now = fill[value]
          if (now !== undefined) this.set({ family: familyOfTable(fill.family) }, now)
        }
      },
    })
  }
  gauge(
    'nodelb_affinity_crowded_addresses',
    'Addresses of Services at which a client could not be remembered lately.',
    'crowded',
  )
  gauge(
    'nodelb_affinity_clients',
    'Clients that the kernel remembers for session affinity.',
    'clients',
  )
  gauge(
    'nodelb_affinity_fullest_ratio',
    'The share of its room for clients that the fullest seat uses.',
    'fullest',
  )
}

/** Returns a function that reads, or joins a reading that is under way. */
function shared<Value>(read: () => Promise<Value>): () => Promise<Value> {
  let reading: Promise<Value> | undefined
  return () => {
    reading ??= read().finally(() => {
      reading = undefined
    })
    return reading
  }
}

function seconds(ms: number | undefined): number | undefined {
  return ms && ms / 1000
}
