import type { CountedConnections } from '../../src/report/connections.ts'
import type { ServiceTotals } from '../../src/report/metrics/service-counts.ts'

/** What stands in for counts that a test does not look at. */
export const noCounts = {
  conntrack: () => undefined,
  connections: async (): Promise<CountedConnections> => ({ kind: 'off' }),
  totals: (): ServiceTotals => ({
    ...{ services: 0, frontends: 0, ready: 0, notReady: 0 },
    withoutEndpoints: new Map(),
  }),
}

/** What stands in for announcing where nothing is announced. */
export const noAnnouncing = {
  programmed: (): void => undefined,
  view: () => undefined,
  bgp: () => undefined,
  answers: async (): Promise<ReadonlyMap<string, number>> => new Map<string, number>(),
  gratuitous: (): ReadonlyMap<string, number> => new Map<string, number>(),
}
