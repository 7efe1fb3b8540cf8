import { NetlinkSocket } from '../../src/apply/netlink/socket.ts'
import { startSession } from '../../src/dataplane/nftables/start-session.ts'
import type { Cluster, ServiceObject } from '../../src/model/service.ts'
import type { Section } from './backends.ts'
import { makeCluster, makeSlices, node, type Size, settings } from './cluster.ts'
import { connectSink, sender } from './packets.ts'
import type { Answers } from './protocol.ts'
import { short, table } from './statistics.ts'
import { Worker } from './worker.ts'

/** Whose clients are called: sticky as well, with two endpoints each. */
const FOREIGN = 100
const STICKY = 600
const PODS = 20
const TIMES: readonly number[] = [1, STICKY]
const TURNS = 3
const CHANGES = 20
const ROUNDS = 40
const LONGEST = 86_400
const SIZE: Size = {
  services: FOREIGN + STICKY,
  endpoints: 2,
  dualStack: false,
  external: false,
}

/** What it costs that Services with session affinity have different timeouts. */
export async function measureAffinity(progress: (what: string) => void): Promise<Section> {
  progress('session affinity')
  const answers = new Map<number, Answers['affinity'][]>(TIMES.map((times) => [times, []]))
  for (let turn = 0; turn < TURNS; turn++) {
    for (const times of TIMES) {
      const worker = new Worker()
      answers.get(times)?.push(await worker.ask('affinity', { times }))
      await worker.end()
    }
  }
  const rowOf = (found: readonly Answers['affinity'][]): readonly number[] => [
    Math.min(...found.map(({ startMs }) => startMs)),
    Math.min(...found.map(({ changeMs }) => changeMs)),
    Math.min(...found.map(({ firstNs }) => firstNs)) / 1000,
  ]
  const [one = [], many = []] = TIMES.map((times) => rowOf(answers.get(times) ?? []))
  const ratios = many.map((value, at) => value / (one[at] ?? Number.NaN))
  return {
    title: `Session affinity: ${STICKY} Services on the same ${PODS} pods, with different timeouts`,
    body: table(
      ['timeouts', 'load ms', 'change ms', 'first packet µs'],
      [
        ['1', ...one.map(short)],
        [String(STICKY), ...many.map(short)],
        ['ratio', ...ratios.map(short)],
      ],
    ),
    notes: [
      'change: one endpoint of another sticky Service replaced. first packet: from a client that is',
      `remembered, to ${FOREIGN} other sticky Services with two endpoints. The best of ${TURNS} runs.`,
    ],
  }
}

/** In a child process. */
export async function affinityCosts(times: number): Promise<Answers['affinity']> {
  connectSink()
  const cluster = stickyCluster(times)
  const socket = NetlinkSocket.open()
  const began = performance.now()
  const started = await startSession(socket, { cluster, node, settings })
  if (started.kind !== 'started') throw new Error(started.outcome.reason)
  const startMs = performance.now() - began
  const changes: number[] = []
  for (let turn = 0; turn < CHANGES; turn++) {
    const before = performance.now()
    for (const slice of makeSlices(SIZE, turn, 2, turn)) {
      started.session.renderer.setSlice(udp(slice))
    }
    await started.session.sync()
    changes.push(performance.now() - before)
  }
  const send = sender(Array.from({ length: FOREIGN }, (_, index) => index))
  const rounds = Array.from({ length: ROUNDS }, () => {
    const { fd, close } = send.open()
    const first = send.toAll(fd)
    close()
    return first
  })
  return {
    startMs,
    changeMs: Math.min(...changes),
    firstNs: (Math.min(...rounds) * 1e6) / FOREIGN,
  }
}

function stickyCluster(times: number): Cluster {
  const { services } = makeCluster(SIZE)
  const timeOf = (at: number): number =>
    times === 1 || at < FOREIGN
      ? 10_800
      : Math.round(LONGEST ** (((at - FOREIGN) % times) / (times - 1)))
  return {
    services: services.map(
      (service, at): ServiceObject => ({
        ...udp(service),
        affinity: { kind: 'client-ip', seconds: timeOf(at) },
      }),
    ),
    slices: services.flatMap(({ name }, at) =>
      (at < FOREIGN ? makeSlices(SIZE, at, 2) : makeSlices(SIZE, FOREIGN, PODS)).map((slice) => ({
        ...udp(slice),
        service: name,
        name: `${name}-ipv4`,
      })),
    ),
  }
}

function udp<Ported extends { readonly ports: readonly object[] }>(object: Ported) {
  return {
    ...object,
    ports: object.ports.map((port) => ({ ...port, protocol: 'udp' as const })),
  }
}
