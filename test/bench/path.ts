import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cluster } from '../../src/model/service.ts'
import { renderCluster } from '../../src/render/render.ts'
import { printRuleset } from '../../src/ruleset/nftables/print.ts'
import type { Section } from './backends.ts'
import { makeCluster, makeSlices, node, type Size, settings } from './cluster.ts'
import { CALLED } from './path-ends.ts'
import type { PathTarget } from './protocol.ts'
import { median, short, table } from './statistics.ts'
import { Worker } from './worker.ts'

const SERVICES = 10_000
const MANY = 64
const BLOCKS = 8
const ROUNDS = 40

/** Without a chain: the kernel follows connections because the rule asks for it, and that is all. */
const CONNTRACK = 'table ip alone {\n\tchain unused {\n\t\tct state new accept\n\t}\n}\n'

const SINGLE: PathTarget = { range: 10, first: 0, port: 80 }
const LARGE: PathTarget = { range: 10, first: SERVICES, port: 80 }
const POD: PathTarget = { range: 100, first: 0, port: 8080 }

/** A node with some rules, and who is called through it. */
interface PathCase {
  readonly name: string
  readonly rules: string
  readonly to: PathTarget
  /** Only the first pods answer. */
  readonly answers: boolean
}

/** What the rules cost a packet that is forwarded to a pod: the first of a connection, and later ones. */
export async function measurePath(
  folder: string,
  progress: (what: string) => void,
): Promise<Section> {
  const few = rulesFor([1, MANY])
  const many = rulesFor(Array.from({ length: MANY }, (_, at) => at + 1))
  const cases: readonly PathCase[] = [
    { name: 'conntrack alone', rules: CONNTRACK, to: POD, answers: true },
    { name: 'one count, 1 endpoint', rules: rulesFor([1]), to: SINGLE, answers: true },
    { name: `${MANY} counts, 1 endpoint`, rules: many, to: SINGLE, answers: true },
    { name: `two counts, ${MANY} endpoints`, rules: few, to: LARGE, answers: false },
    { name: `${MANY} counts, ${MANY} endpoints`, rules: many, to: LARGE, answers: false },
  ]
  const measured = await measureCases(folder, cases, progress)
  return {
    title: `The path of a packet from a client to a pod, ${SERVICES} Services`,
    body: pathTable(cases, measured),
    notes: [
      'Three namespaces, sendto() and all; ns for a UDP datagram, the least of all rounds and in brackets the',
      `median. The cases take turns: ${BLOCKS} blocks of ${ROUNDS} rounds, in each a datagram to ${CALLED} addresses. own: more`,
      'than conntrack alone. unanswered: the second datagram of a flow; established: of one that was answered.',
    ],
  }
}

/** Nanoseconds, round by round. */
interface Times {
  readonly first: number[]
  readonly unanswered: number[]
  readonly established: number[]
}

/** Each case has namespaces of its own; they take turns. */
async function measureCases(
  folder: string,
  cases: readonly PathCase[],
  progress: (what: string) => void,
): Promise<readonly Times[]> {
  const paths: Path[] = []
  for (const [at, each] of cases.entries()) {
    progress(`path, ${each.name}`)
    const file = join(folder, `path-${at}.nft`)
    writeFileSync(file, each.rules)
    paths.push(await Path.of(each, file))
  }
  for (let block = 0; block < BLOCKS; block++) {
    for (const path of paths) await path.measure()
  }
  for (const path of paths) await path.end()
  return paths.map(({ times }) => times)
}

class Path {
  readonly times: Times = { first: [], unanswered: [], established: [] }
  readonly #case: PathCase
  readonly #node = new Worker()
  readonly #client = new Worker()
  readonly #pods = new Worker()

  private constructor(each: PathCase) {
    this.#case = each
  }

  static async of(each: PathCase, file: string): Promise<Path> {
    const path = new Path(each)
    await path.#client.ask('flush', {})
    await path.#pods.ask('flush', {})
    const [client, pods] = [path.#client.pid, path.#pods.pid]
    await path.#node.ask('pathNode', { client, pods, file })
    await path.#client.ask('pathClient', {})
    await path.#pods.ask('pathPods', { answering: false })
    return path
  }

  async measure(): Promise<void> {
    const { to, answers } = this.#case
    const { first, later } = await this.#client.ask('pathRounds', { to, rounds: ROUNDS })
    this.times.first.push(...first)
    this.times.unanswered.push(...later)
    if (!answers) return
    await this.#pods.ask('pathPods', { answering: true })
    await this.#client.ask('pathOpen', { to })
    await this.#pods.ask('pathPods', { answering: false })
    const kept = await this.#client.ask('pathKept', { rounds: ROUNDS })
    this.times.established.push(...kept.later)
  }

  async end(): Promise<void> {
    for (const worker of [this.#client, this.#pods, this.#node]) await worker.end()
  }
}

function pathTable(cases: readonly PathCase[], measured: readonly Times[]): string {
  const [alone] = measured
  const cell = (times: readonly number[]): string =>
    times.length === 0 ? '–' : `${ns(least(times))} (${ns(median(times))})`
  const own = (times: Times, kind: keyof Times): string => {
    const [ours, base] = [times[kind], alone?.[kind] ?? []]
    return ours.length === 0 ? '–' : ns(least(ours) - least(base))
  }
  const rows = cases.map(({ name }, at) => {
    const times = measured[at]
    if (times === undefined) return [name]
    return [
      name,
      ...(['first', 'unanswered', 'established'] as const).flatMap((kind) => [
        cell(times[kind]),
        own(times, kind),
      ]),
      share(times.established, alone?.established ?? []),
    ]
  })
  const head = [
    'rules',
    'first ns',
    'own',
    'unanswered ns',
    'own',
    'established ns',
    'own',
    'to alone',
  ]
  return table(head, rows)
}

function share(times: readonly number[], base: readonly number[]): string {
  return times.length === 0 ? '–' : short(least(times) / least(base))
}

function ns(value: number): string {
  return value.toFixed(0)
}

function least(times: readonly number[]): number {
  return Math.min(...times)
}

/** Services with one endpoint, then some with the last of these counts, and one with each of the others. */
function rulesFor(counts: readonly number[]): string {
  const services = SERVICES + CALLED + counts.length
  const size: Size = { services, endpoints: MANY, dualStack: false, external: false }
  const udp = <Ported extends { readonly ports: readonly object[] }>(object: Ported) => ({
    ...object,
    ports: object.ports.map((port) => ({ ...port, protocol: 'udp' as const })),
  })
  const slices = Array.from({ length: services }, (_, index) => {
    if (index < SERVICES) return makeSlices({ ...size, endpoints: PODS_IN_ORDER }, index, 1)
    const at = index < SERVICES + CALLED ? counts.length - 1 : index - SERVICES - CALLED
    return makeSlices(size, index, counts[at] ?? 1)
  })
  const cluster: Cluster = {
    services: makeCluster(size).services.map(udp),
    slices: slices.flat().map(udp),
  }
  return printRuleset(renderCluster(cluster, node, settings).ruleset())
}

/** With this size the pod of a Service with one endpoint has the number of the Service. */
const PODS_IN_ORDER = -1
