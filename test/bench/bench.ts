// Compares nodelb over netlink with `nft -f` on the same rule sets, and measures the running agent:
// `npm run bench [-- --quick]`; `-- --agent` for the agent alone, `-- --backends` for these alone,
// `-- --affinity` for session affinity alone, `-- --big` for Services with many endpoints alone,
// `-- --connections` for counting connections alone, `-- --path` for the path of packets alone, `-- --controller` for addresses alone, `-- --files` for
// reading files alone, `-- --ipvs` for ipvs, which is measured in a guest.
// Every figure comes from this one run; children are measured one at a time, in turns.
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { measureAffinity } from './affinity.ts'
import { measureAgents } from './agent.ts'
import { measureBackends } from './backends.ts'
import { measureBigServices } from './big-service.ts'
import type { Size } from './cluster.ts'
import { measureConnections } from './connections.ts'
import { measureControllers } from './controller.ts'
import { measureIpvs } from './ipvs.ts'
import { type Effort, measure, type Result } from './measure.ts'
import { measurePath } from './path.ts'
import { measureReading } from './reading.ts'
import {
  additionTimes,
  changeTable,
  coldTable,
  markTable,
  type Packets,
  packetTable,
  sizeName,
  targetTable,
} from './report.ts'
import { bundle, Worker } from './worker.ts'

const QUICK_SIZES: readonly Size[] = [
  { services: 1_000, endpoints: 2, dualStack: false, external: true },
  { services: 1_000, endpoints: 2, dualStack: true, external: true },
  { services: 10_000, endpoints: 2, dualStack: false, external: true },
  { services: 10_000, endpoints: 2, dualStack: true, external: true },
  // The size that kube-proxy's figures in the issue are about.
  { services: 10_000, endpoints: 2, dualStack: false, external: false },
]

const FULL_SIZES: readonly Size[] = [
  ...QUICK_SIZES,
  { services: 30_000, endpoints: 2, dualStack: false, external: true },
  { services: 30_000, endpoints: 2, dualStack: true, external: true },
  { services: 5_000, endpoints: 50, dualStack: false, external: true },
  { services: 5_000, endpoints: 50, dualStack: true, external: true },
]

const PARTS = [
  ...[
    '--agent',
    '--backends',
    '--affinity',
    '--big',
    '--connections',
    '--controller',
    '--files',
    '--path',
  ],
]

const COUNTS = [1, 10, 100, 1, 10, 100, 1, 10, 100]

async function main(): Promise<void> {
  console.log(
    `Linux ${release()}, ${cpus().length} × ${cpus()[0]?.model}, Node.js ${process.version}`,
  )
  if (process.argv.includes('--ipvs')) return inFolder(compareWithIpvsadm)
  const alone = PARTS.find((part) => process.argv.includes(part))
  if (alone === undefined || alone === '--files') await inFolder(compareForms)
  if (alone === '--files') return
  await bundle()
  if (alone === '--controller') return inFolder(compareWithApiServer)
  if (alone === undefined) await compareWithNft()
  if (alone === undefined || alone === '--affinity') await compareTimeouts()
  if (alone === '--affinity') return
  if (alone === undefined || alone === '--big') await compareEndpoints()
  if (alone === '--big') return
  if (alone === undefined || alone === '--connections') await compareCounting()
  if (alone === '--connections') return
  if (alone === undefined || alone === '--path') await inFolder(comparePath)
  if (alone === '--path') return
  if (alone !== '--agent') await inFolder(compareBackends)
  if (alone === '--backends') return
  for (const { title, body, notes } of await measureAgents(progress)) section(title, body, notes)
  if (alone === undefined) await inFolder(compareWithApiServer)
}

async function compareForms(folder: string): Promise<void> {
  const { title, body, notes } = await measureReading(folder, progress)
  section(title, body, notes)
}

async function compareWithApiServer(folder: string): Promise<void> {
  for (const { title, body, notes } of await measureControllers(folder, progress)) {
    section(title, body, notes)
  }
}

async function compareTimeouts(): Promise<void> {
  progress('session affinity')
  const { title, body, notes } = await measureAffinity()
  section(title, body, notes)
}

async function compareEndpoints(): Promise<void> {
  progress('Services with many endpoints')
  const { title, body, notes } = await measureBigServices()
  section(title, body, notes)
}

async function compareCounting(): Promise<void> {
  const { title, body, notes } = await measureConnections(progress)
  section(title, body, notes)
}

async function comparePath(folder: string): Promise<void> {
  const { title, body, notes } = await measurePath(folder, progress)
  section(title, body, notes)
}

async function compareBackends(folder: string): Promise<void> {
  const sections = await measureBackends(folder, progress)
  for (const { title, body, notes } of sections) section(title, body, notes)
}

async function compareWithIpvsadm(folder: string): Promise<void> {
  for (const { title, body, notes } of await measureIpvs(folder, progress)) {
    section(title, body, notes)
  }
}

async function inFolder(task: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'nodelb-bench-'))
  await task(folder).finally(() => rmSync(folder, { recursive: true }))
}

async function compareWithNft(): Promise<void> {
  const sizes = process.argv.includes('--quick') ? QUICK_SIZES : FULL_SIZES
  const folder = mkdtempSync(join(tmpdir(), 'nodelb-bench-'))
  try {
    const results: Result[] = []
    for (const size of sizes) {
      progress(sizeName(size))
      results.push(await measure(size, effortFor(size, folder)))
    }
    progress('first packets')
    const packets = await measureAllPackets().catch((error: unknown): Packets => {
      console.log(`first packets were not measured: ${error}`)
      return []
    })
    print(results, packets)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The largest clusters take nft some ten seconds for a load: less of everything. */
function effortFor({ services, endpoints }: Size, folder: string): Effort {
  if (services * endpoints > 20_000) return { loads: 1, changes: 30, folder }
  return { loads: services <= 1_000 ? 7 : 3, changes: 100, folder }
}

/** In turns; of each count the best run. */
async function measureAllPackets(): Promise<Packets> {
  const best = new Map<number, Packets[number]>()
  for (const counts of COUNTS) {
    const worker = new Worker()
    const answer = await worker.ask('packets', { counts })
    await worker.end()
    const before = best.get(counts)?.answer.firstNs ?? Number.POSITIVE_INFINITY
    if (answer.firstNs < before) best.set(counts, { counts, answer })
  }
  return [...best.values()]
}

function print(results: readonly Result[], packets: Packets): void {
  section(
    'Cold load: from objects in memory to committed, an empty kernel; medians',
    coldTable(results),
    [
      'Each Service has a ClusterIP, a NodePort and a load-balancer address, unless it says otherwise.',
      'nodelb: a process that has just started, with the objects of the cluster ("idle") in memory; its',
      'peak is that of the load and of all changes below. nft: parses and sends text that is there already;',
      'the process that makes the text needs time and memory of its own.',
    ],
  )
  section(
    'One change: from the changed object to committed; 100 of each kind, 30 in the largest clusters',
    changeTable(results),
    [
      'nft: one `nft -f -` with the least text that says the same. With both families, the pod has an',
      'address in each. A count that is new or gone brings or takes a set and a rule in each family. These',
      'changes are 50 ms apart: after a deletion the kernel makes a new set wait for an RCU grace period.',
      'nft 1.0.6 cannot add such a rule to a table that it has not just read from the same file.',
      `Adding one element with nft, where nothing is deleted and awaited: ${additionTimes(results)} ms.`,
    ],
  )
  section('Masquerading by a second lookup instead of a mark would add', markTable(results), [
    'A set of all external addresses (policy Cluster) for `ct original`, loaded after the rest. Kernel',
    'memory is the growth of Slab and VmallocUsed, of the whole machine: other work shows.',
  ])
  section(
    'A connection from the node to a ClusterIP, by numbers of endpoints in use',
    packetTable(packets),
    [
      'The Services called have one endpoint, which is looked up last. The best of 15 rounds of 4000 UDP',
      'datagrams, each to another Service, with the cost of sendto().',
    ],
  )
  section('Targets', targetTable(results), [])
}

function section(title: string, body: string, notes: readonly string[]): void {
  console.log([`\n${title}\n`, body, ...(notes.length > 0 ? ['', ...notes] : [])].join('\n'))
}

function progress(what: string): void {
  console.error(`bench: ${what}`)
}

await main()
