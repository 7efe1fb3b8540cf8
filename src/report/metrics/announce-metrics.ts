import { Counter, Gauge, type Registry } from 'prom-client'
import type { BgpView } from '../../speaker/bgp/view.ts'
import type { AnnounceView } from '../../speaker/view.ts'
import type { Occurrence } from '../events/occurrence.ts'

/** What the metrics of announcing are read from; undefined where nothing is announced. */
export interface AnnounceSource {
  view(): AnnounceView | undefined
  bgp(): BgpView | undefined
  /** Returns how many questions for each address were answered. */
  answers(): Promise<ReadonlyMap<string, number>>
  /** Returns how many times the neighbours were told of each address. */
  gratuitous(): ReadonlyMap<string, number>
}

/** MetalLB's metrics by their names, so that boards keep working, and ours. */
interface AnnounceMetrics {
  observe(occurrence: Occurrence): void
}

/** Registers the metrics of announcing; most are read when they are scraped. */
export function registerAnnounceMetrics(
  registry: Registry,
  { node, announce }: { readonly node: string; readonly announce: AnnounceSource },
): AnnounceMetrics {
  registerCounts(registry, announce)
  registerGauges(registry, node, announce)
  registerDisputes(registry, announce)
  const counter = <Label extends string>(name: string, help: string, label: Label) =>
    new Counter({ name, help, labelNames: [label], registers: [registry] })
  const conflicts = counter(
    'nodelb_announce_conflicts_total',
    'Times that one that is no member had or claimed an announced address.',
    'ip',
  )
  const takeovers = counter(
    'nodelb_announce_takeovers_total',
    'Addresses taken, by reason: handover by another member, or silence on the wire.',
    'reason',
  )
  for (const reason of ['handover', 'silence']) takeovers.inc({ reason }, 0)
  return {
    observe(occurrence) {
      if (occurrence.event === 'announce-taken') {
        takeovers.inc({ reason: occurrence.from === undefined ? 'silence' : 'handover' })
      }
      if (occurrence.event === 'announce-conflict' || occurrence.event === 'announce-disputed') {
        conflicts.inc({ ip: occurrence.address })
      }
    },
  }
}

/** The kernel counts what it answers, and it answers each question that it counts. */
function registerCounts(registry: Registry, source: AnnounceSource): void {
  let asked: Promise<ReadonlyMap<string, number>> | undefined
  // Two metrics have the same counts: the kernel is asked once for both.
  const answers = (): Promise<ReadonlyMap<string, number>> => {
    asked ??= source.answers().finally(() => {
      asked = undefined
    })
    return asked
  }
  const told = async (): Promise<ReadonlyMap<string, number>> => source.gratuitous()
  const rows = [
    ['metallb_layer2_requests_received', 'ARP and NDP questions for announced addresses.', answers],
    ['metallb_layer2_responses_sent', 'Answers to them.', answers],
    ['metallb_layer2_gratuitous_sent', 'Times that the neighbours were told of an address.', told],
  ] as const
  for (const [name, help, counts] of rows) {
    new Counter({
      ...{ name, help, labelNames: ['ip'], registers: [registry] },
      async collect() {
        this.reset()
        for (const [ip, count] of await counts()) this.inc({ ip }, count)
      },
    })
  }
}

function registerGauges(registry: Registry, node: string, source: AnnounceSource): void {
  const registers = [registry]
  new Gauge({
    name: 'metallb_speaker_announced',
    help: '1 for each address of a Service that this node announces.',
    labelNames: ['service', 'protocol', 'node', 'ip'],
    registers,
    collect() {
      this.reset()
      for (const { address: ip, services, here } of source.view()?.addresses ?? []) {
        if (!here.some(({ state }) => state === 'answers' || state === 'hands-over')) continue
        for (const service of services) this.set({ service, protocol: 'layer2', node, ip }, 1)
      }
      for (const { address: ip, service } of source.bgp()?.addresses ?? []) {
        this.set({ service, protocol: 'bgp', node, ip }, 1)
      }
    },
  })
  new Gauge({
    name: 'nodelb_announce_members',
    help: 'Agents of other Nodes that were heard of, by state.',
    labelNames: ['state'],
    registers,
    collect() {
      this.reset()
      for (const { state } of source.view()?.members ?? []) this.inc({ state })
    },
  })
  new Gauge({
    name: 'nodelb_announce_switch_seconds',
    help: 'For so long the kernel would answer without the agent.',
    registers,
    collect() {
      this.set((source.view()?.switchMs ?? 0) / 1000)
    },
  })
}

function registerDisputes(registry: Registry, source: AnnounceSource): void {
  new Gauge({
    name: 'nodelb_announce_disputed',
    help: '1 for each address that one that is no member has or claims, as far as was last heard.',
    labelNames: ['ip'],
    registers: [registry],
    collect() {
      this.reset()
      for (const { address: ip, here } of source.view()?.addresses ?? []) {
        const isDisputed = here.some(
          ({ reason, disputedBy }) => reason === 'conflict' || disputedBy !== undefined,
        )
        if (isDisputed) this.set({ ip }, 1)
      }
    },
  })
}
