// Compares nodelb over netlink with `nft -f` on the same rule sets, and measures the running agent:
// `npm run bench`; `-- --quick` with less of it, `-- --short` the parts that take three minutes together, and
// each of PARTS alone, such as `-- --agent`. `-- --ipvs` measures ipvs, in a guest.
// Every figure comes from this one run; children are measured one at a time, in turns.
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, loadavg, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { measureAffinity } from './affinity.ts'
import { measureAgents } from './agent.ts'
import { measureBackends, type Section } from './backends.ts'
import { measureBigServices } from './big-service.ts'
import type { Size } from './cluster.ts'
import { measureConnections } from './connections.ts'
import { measureControllers } from './controller.ts'
import { effortOf } from './effort.ts'
import { measureIpvs } from './ipvs.ts'
import { measureLarge } from './large.ts'
import { type Effort, measure, type Result } from './measure.ts'
import { measurePath } from './path.ts'
import { measureProgram } from './program.ts'
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

const effort = effortOf(process.argv)

type Part = (folder: string) => Promise<readonly Section[]>

/** In the order in which they are measured. */
const PARTS: Readonly<Record<string, Part>> = {
  program: async (folder) => [await measureProgram(folder, progress, effort.programTurns)],
  files: async (folder) => [await measureReading(folder, progress, effort.reading)],
  nft: compareWithNft,
  packets: comparePackets,
  big: async () => [await measureBigServices(progress, effort.big)],
  large: async () => [await measureLarge(progress, effort.large)],
  affinity: async () => [await measureAffinity(progress)],
  connections: async () => [await measureConnections(progress)],
  path: async (folder) => [await measurePath(folder, progress)],
  backends: (folder) => measureBackends(folder, progress),
  agent: () => measureAgents(progress),
  controller: (folder) => measureControllers(folder, progress),
}

const SHORT_PARTS = ['program', 'files', 'nft', 'packets', 'big', 'large'] as const

async function main(): Promise<void> {
  const [load] = loadavg()
  console.log(
    `Linux ${release()}, ${cpus().length} × ${cpus()[0]?.model}, Node.js ${process.version}, load ${load?.toFixed(1)}`,
  )
  const has = (option: string): boolean => process.argv.includes(`--${option}`)
  if (has('ipvs')) return show((folder) => measureIpvs(folder, progress))
  await bundle()
  const asked = Object.keys(PARTS).filter(has)
  const all = has('short') ? SHORT_PARTS : Object.keys(PARTS)
  for (const name of asked.length > 0 ? asked : all) {
    const part = PARTS[name]
    if (part !== undefined) await show(part)
  }
}

async function show(part: Part): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'nodelb-bench-'))
  try {
    for (const { title, body, notes } of await part(folder)) {
      console.log([`\n${title}\n`, body, ...(notes.length > 0 ? ['', ...notes] : [])].join('\n'))
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function compareWithNft(folder: string): Promise<readonly Section[]> {
  const results: Result[] = []
  for (const size of effort.sizes) {
    progress(sizeName(size))
    results.push(await measure(size, effortFor(size, folder)))
  }
  return report(results)
}

/** The largest clusters take nft some ten seconds for a load: less of everything. */
function effortFor({ services, endpoints }: Size, folder: string): Effort {
  const { loads, changes } = effort
  if (services * endpoints > 20_000) return { loads: 1, changes: Math.min(changes, 30), folder }
  return { loads: services <= 1_000 ? loads : Math.min(loads, 3), changes, folder }
}

async function comparePackets(): Promise<readonly Section[]> {
  progress('first packets')
  return [
    {
      title: 'A connection from the node to a ClusterIP, by numbers of endpoints in use',
      body: packetTable(await measureAllPackets()),
      notes: [
        'The Services called have one endpoint, which is looked up last. The best of all rounds of 4000 UDP',
        'datagrams, each to another Service, with the cost of sendto().',
      ],
    },
  ]
}

/** In turns; of each count the best run. */
async function measureAllPackets(): Promise<Packets> {
  const best = new Map<number, Packets[number]>()
  for (const counts of effort.counts) {
    const worker = new Worker()
    const answer = await worker.ask('packets', { counts })
    await worker.end()
    const before = best.get(counts)?.answer.firstNs ?? Number.POSITIVE_INFINITY
    if (answer.firstNs < before) best.set(counts, { counts, answer })
  }
  return [...best.values()]
}

function report(results: readonly Result[]): readonly Section[] {
  return [
    {
      title: 'Cold load: from objects in memory to committed, an empty kernel; medians',
      body: coldTable(results),
      notes: [
        'Each Service has a ClusterIP, a NodePort and a load-balancer address, unless it says otherwise.',
        'nodelb: a process that has just started, with the objects of the cluster ("idle") in memory; its',
        'peak is that of the load and of all changes below. nft: parses and sends text that is there already;',
        'the process that makes the text needs time and memory of its own.',
      ],
    },
    {
      title: `One change: from the changed object to committed; ${effort.changes} of each kind, less in the largest clusters`,
      body: changeTable(results),
      notes: [
        'nft: one `nft -f -` with the least text that says the same. With both families, the pod has an',
        'address in each. A count that is new or gone brings or takes a set and a rule in each family. These',
        'changes are 50 ms apart: after a deletion the kernel makes a new set wait for an RCU grace period.',
        'nft 1.0.6 cannot add such a rule to a table that it has not just read from the same file.',
        `Adding one element with nft, where nothing is deleted and awaited: ${additionTimes(results)} ms.`,
      ],
    },
    {
      title: 'Masquerading by a second lookup instead of a mark would add',
      body: markTable(results),
      notes: [
        'A set of all external addresses (policy Cluster) for `ct original`, loaded after the rest. Kernel',
        'memory is the growth of Slab and VmallocUsed, of the whole machine: other work shows.',
      ],
    },
    { title: 'Targets', body: targetTable(results), notes: [] },
  ]
}

function progress(what: string): void {
  console.error(`bench: ${what}`)
}

await main()
