import type { Size } from './cluster.ts'
import { type Answers, BACKENDS, type BenchBackend, type Committed } from './protocol.ts'
import { sizeName } from './report.ts'
import { median, percentile, short, table } from './statistics.ts'
import { Worker } from './worker.ts'

const SIZE: Size = { services: 10_000, endpoints: 2, dualStack: false, external: true }
const LOADS = 3
const CHANGES = 30
const FEW = 100
const MANY = 10_000

interface Measured {
  readonly backend: BenchBackend
  readonly loads: readonly Answers['start'][]
  readonly changes: readonly Committed[]
  /** The kernel's own tool, given a text that is there already. */
  readonly plain: readonly { readonly ms: number; readonly peakMb: number }[]
  readonly few: Answers['firstPackets']
  readonly many: Answers['firstPackets']
}

export interface Section {
  readonly title: string
  readonly body: string
  readonly notes: readonly string[]
}

/** The same cluster by each backend, in turns; each in processes of their own. */
export async function measureBackends(
  folder: string,
  progress: (what: string) => void,
): Promise<readonly Section[]> {
  const files = { nft: `${folder}/backends.nft`, chains: `${folder}/backends.iptables` }
  const writer = new Worker()
  await writer.ask('build', { size: SIZE })
  await writer.ask('print', { file: files.nft, extraFile: `${folder}/extra.nft` })
  const { rules } = await writer.ask('printChains', { file: files.chains })
  await writer.end()
  const results: Measured[] = []
  for (const backend of BACKENDS) {
    progress(`${backend}, ${sizeName(SIZE)}`)
    results.push(await measureBackend(backend, files))
  }
  return [report(results, rules)]
}

async function measureBackend(
  backend: BenchBackend,
  files: { readonly nft: string; readonly chains: string },
): Promise<Measured> {
  const loads: Answers['start'][] = []
  const plain: { ms: number; peakMb: number }[] = []
  const changes: Committed[] = []
  for (let round = 1; round <= LOADS; round++) {
    const ours = new Worker()
    await ours.ask('build', { size: SIZE, backend })
    loads.push(await ours.ask('start', {}))
    if (round === LOADS) {
      for (let turn = 0; turn < CHANGES; turn++) {
        const service = (turn * 7919) % SIZE.services
        const count = SIZE.endpoints + (service % 100 === 50 ? 1 : 0)
        changes.push(await ours.ask('change', { service, count, fresh: turn }))
      }
    }
    await ours.end()
    const theirs = new Worker()
    plain.push(
      backend === 'nftables'
        ? await theirs.ask('nftFile', { file: files.nft })
        : await theirs.ask('restoreFile', { file: files.chains, backend }),
    )
    await theirs.end()
  }
  return {
    backend,
    loads,
    plain,
    changes,
    few: await firstPackets(FEW, backend),
    many: await firstPackets(MANY, backend),
  }
}

async function firstPackets(
  services: number,
  backend: BenchBackend,
): Promise<Answers['firstPackets']> {
  const worker = new Worker()
  const answer = await worker.ask('firstPackets', { services, backend })
  await worker.end()
  return answer
}

function report(results: readonly Measured[], rules: number): Section {
  const head = [
    ...['backend', 'load ms', 'plain tool ms', 'ratio', 'change p50 ms', 'p99', 'to plain load'],
    ...['first packet µs at 100', 'at 10k', 'ratio', 'nodelb MB', 'tool MB'],
  ]
  const rows = results.map(({ backend, loads, plain, changes, few, many }) => {
    const load = median(loads.map(({ ms }) => ms))
    const tool = median(plain.map(({ ms }) => ms))
    const times = changes.map(({ ms }) => ms)
    return [
      backend,
      short(load),
      short(tool),
      short(load / tool),
      short(median(times)),
      short(percentile(times, 0.99)),
      short(median(times) / tool),
      short(few.firstNs / 1000),
      short(many.firstNs / 1000),
      short(many.firstNs / few.firstNs),
      short(
        Math.max(
          ...[...loads, ...changes].map((each) => ('peakMb' in each ? Number(each.peakMb) : 0)),
        ),
      ),
      short(Math.max(...plain.map(({ peakMb }) => peakMb))),
    ]
  })
  return {
    title: `The backends side by side: ${sizeName(SIZE)}`,
    body: table(head, rows),
    notes: [
      'load: from objects in memory to committed. plain tool: `nft -f` or `iptables-restore --noflush` of',
      `a text that is there already (${rules} rules of iptables). change: one endpoint replaced, from the`,
      'object to committed. first packet: to 100 Services of ClusterIP only, spread over all, with the',
      'cost of sendto(); the best of 40 rounds. nodelb MB: the peak without the tool that it starts.',
    ],
  }
}
