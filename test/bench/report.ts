import type { Size } from './cluster.ts'
import { CHANGE_KINDS, type ChangeKind, type Result } from './measure.ts'
import type { Answers } from './protocol.ts'
import { median, percentile, ratio, short, table } from './statistics.ts'

export function sizeName({ services, endpoints, dualStack, external }: Size): string {
  const thousands = `${services / 1000}k × ${endpoints}`
  return `${thousands}${dualStack ? ', both families' : ''}${external ? '' : ', ClusterIP only'}`
}

export function coldTable(results: readonly Result[]): string {
  const head = ['cluster', 'elements', 'nodelb ms', 'nft -f ms', 'times faster', 'MB sent']
  const memory = ['nodelb MB', 'of it idle', 'nft MB']
  const rows = results.map(({ size, cold, peakMb }) => {
    const ours = median(cold.nodelb.map(({ ms }) => ms))
    const theirs = median(cold.nft.map(({ ms }) => ms))
    return [
      sizeName(size),
      String(cold.elements),
      short(ours),
      short(theirs),
      ratio(ours, theirs),
      short((cold.nodelb[0]?.bytes ?? 0) / 1e6),
      short(Math.max(peakMb, ...cold.nodelb.map(({ peakMb: peak }) => peak))),
      short(cold.idleMb),
      short(Math.max(...cold.nft.map(({ peakMb: peak }) => peak))),
    ]
  })
  return table([...head, ...memory], rows)
}

const CHANGE_NAMES: Readonly<Record<ChangeKind, string>> = {
  replaced: 'endpoint replaced',
  scaled: 'scaled, count in use',
  'first use': 'scaled, count new',
  'last use': 'scaled, count gone',
}

export function changeTable(results: readonly Result[]): string {
  const head = ['cluster', 'change', 'operations', 'bytes']
  const times = ['nodelb p50 ms', 'p99', 'nft -f p50 ms', 'p99', 'times faster']
  const rows = results.flatMap(({ size, changes }) =>
    CHANGE_KINDS.map((kind, at) => {
      const { nodelb, nft } = changes[kind]
      const ours = nodelb.map(({ ms }) => ms)
      const theirs = nft.map(({ ms }) => ms)
      return [
        at === 0 ? sizeName(size) : '',
        CHANGE_NAMES[kind],
        String(median(nodelb.map(({ operations }) => operations))),
        String(median(nodelb.map(({ bytes }) => bytes))),
        short(median(ours)),
        short(percentile(ours, 0.99)),
        short(median(theirs)),
        short(percentile(theirs, 0.99)),
        ratio(median(ours), median(theirs)),
      ]
    }),
  )
  return table([...head, ...times], rows)
}

/** From the fastest cluster's median to the slowest's. */
export function additionTimes(results: readonly Result[]): string {
  const medians = results.map(({ nftAddition }) => median(nftAddition.map(({ ms }) => ms)))
  return `${short(Math.min(...medians))} to ${short(Math.max(...medians))}`
}

/** What issue 2 asks for at 10,000 Services × 2 endpoints. */
export function targetTable(results: readonly Result[]): string {
  const find = (services: number, external: boolean) =>
    results.find(({ size }) => {
      const { endpoints, dualStack } = size
      return (
        size.services === services && endpoints === 2 && !dualStack && size.external === external
      )
    })
  const small = find(1000, true)
  const rows = [false, true].flatMap((external) => {
    const large = find(10_000, external)
    return large ? targetRows(large, external ? small : undefined) : []
  })
  return table(['target', 'wanted', 'measured', ''], rows)
}

function targetRows(large: Result, small: Result | undefined): string[][] {
  const name = sizeName(large.size)
  const row = (what: string, value: number, limit: number, unit: string): string[] => [
    `${name}: ${what}`,
    `≤ ${limit}${unit}`,
    `${short(value)}${unit}`,
    value <= limit ? 'met' : 'MISSED',
  ]
  const time = (result: Result, kind: ChangeKind): number =>
    median(result.changes[kind].nodelb.map(({ ms }) => ms))
  const kinds = CHANGE_KINDS.filter((kind) => kind !== 'last use')
  const peak = Math.max(large.peakMb, ...large.cold.nodelb.map(({ peakMb }) => peakMb))
  return [
    row('cold', median(large.cold.nodelb.map(({ ms }) => ms)), 1000, ' ms'),
    ...kinds.map((kind) => row(CHANGE_NAMES[kind], time(large, kind), 5, ' ms')),
    ...(small === undefined
      ? []
      : kinds.map((kind) =>
          row(`${CHANGE_NAMES[kind]}, to 1k`, time(large, kind) / time(small, kind), 3, '×'),
        )),
    row('peak resident', peak, 150, ' MB'),
  ]
}

/** What it would cost to masquerade by a second lookup instead of a mark. */
export function markTable(results: readonly Result[]): string {
  const head = ['cluster', 'more elements', 'of', 'nft -f ms', 'of', 'kernel MB', 'of']
  const rows = results.map(({ size, cold }) => [
    sizeName(size),
    String(cold.extraElements),
    String(cold.elements),
    short(median(cold.extra.map(({ ms }) => ms))),
    short(median(cold.nft.map(({ ms }) => ms))),
    short(median(cold.extra.map(({ kernelMb }) => kernelMb))),
    short(median(cold.nft.map(({ kernelMb }) => kernelMb))),
  ])
  return table(head, rows)
}

export type Packets = readonly { readonly counts: number; readonly answer: Answers['packets'] }[]

export function packetTable(packets: Packets): string {
  const rows = packets.map(({ counts, answer: { firstNs, laterNs } }) => [
    String(counts),
    short(firstNs / 1000),
    short(laterNs / 1000),
  ])
  return table(['counts in use', 'first packet µs', 'later packets µs'], rows)
}
