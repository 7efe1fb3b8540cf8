import type { Session } from '../../src/dataplane/session.ts'
import type { Cluster } from '../../src/model/service.ts'
import { makeCluster, makeSlices, node, type Size, settings } from './cluster.ts'
import { memoryOf } from './memory.ts'
import type { Answers, BenchBackend, Change } from './protocol.ts'
import { startOn } from './start-on.ts'

/** nodelb as its agent will run it: one long-lived session. */
export class Subject {
  #size: Size | undefined
  #cluster: Cluster = { services: [], slices: [] }
  #session: Session | undefined
  #backend: BenchBackend = 'nftables'

  build(size: Size, backend: BenchBackend = 'nftables'): Answers['build'] {
    this.#backend = backend
    this.#size = size
    this.#cluster = makeCluster(size)
    return { residentMb: memoryOf('self', 'VmRSS') }
  }

  async start(): Promise<Answers['start']> {
    const cluster = this.#cluster
    const begin = performance.now()
    const started = await startOn(this.#backend, { cluster, node, settings })
    const ms = performance.now() - begin
    if (started.kind !== 'started' || started.first.kind !== 'committed') {
      throw new Error(`nodelb: ${JSON.stringify(started).slice(0, 1000)}`)
    }
    this.#session = started.session
    // The agent would not hold the list that it started from either.
    this.#cluster = { services: [], slices: [] }
    const { operations, bytes } = started.first
    return { ms, operations, bytes, peakMb: memoryOf('self', 'VmHWM') }
  }

  async change({ service, count, fresh }: Change): Promise<Answers['change']> {
    const session = this.#session
    if (session === undefined || this.#size === undefined) throw new Error('not started')
    const slices = makeSlices(this.#size, service, count, fresh)
    const begin = performance.now()
    for (const slice of slices) session.renderer.setSlice(slice)
    const settled = await session.sync()
    const ms = performance.now() - begin
    if (settled.kind !== 'committed' || settled.refusals.length > 0) {
      throw new Error(`nodelb: ${JSON.stringify(settled).slice(0, 1000)}`)
    }
    const { operations, bytes } = settled
    return { ms, operations, bytes, peakMb: memoryOf('self', 'VmHWM') }
  }
}
