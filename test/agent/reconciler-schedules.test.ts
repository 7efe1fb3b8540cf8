import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { AfterCommit } from '../../src/agent/after-commit.ts'
import { type Configuration, CurrentConfiguration } from '../../src/agent/configuration.ts'
import { Reconciler } from '../../src/agent/reconciler.ts'
import { reconcilerEvents } from '../../src/agent/reconciler-events.ts'
import { defaultConfig } from '../../src/config/config.ts'
import { toSettings } from '../../src/config/settings.ts'
import { Dataplanes } from '../../src/dataplane/dataplanes.ts'
import { defaultLimits } from '../../src/model/limits.ts'
import type { NodeView, Settings } from '../../src/model/node.ts'
import { unreachable } from '../../src/model/unreachable.ts'
import { startTelemetry, type Telemetry } from '../../src/report/telemetry.ts'
import { NODE_RESOURCES } from '../../src/watch/resources.ts'
import {
  BACKENDS,
  type BackendName,
  BUG,
  ImaginedKernel,
  PARTS,
  type Part,
  type Trouble,
  textOf,
} from '../support/imagined-kernel.ts'
import { noAnnouncing, noCounts } from '../support/no-announcing.ts'
import { runs } from '../support/runs.ts'
import { silentStore } from '../support/silent-store.ts'

// The reconciler and what decides with it, over a kernel that is imagined, in whatever order things
// may happen. Timers are the test's.

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

type Action =
  | { readonly kind: 'service'; readonly service: number; readonly port: number }
  | { readonly kind: 'gone'; readonly service: number }
  | { readonly kind: 'node'; readonly address: number }
  | { readonly kind: 'configure'; readonly backend: BackendName; readonly broken: boolean }
  | { readonly kind: 'incomplete'; readonly incomplete: boolean }
  | { readonly kind: 'disturb'; readonly part: Part; readonly deleted: boolean }
  | { readonly kind: 'trouble'; readonly trouble: Trouble }
  | { readonly kind: 'verify' | 'die' }
  | { readonly kind: 'finish'; readonly which: number }
  | { readonly kind: 'wait'; readonly ms: number }

const few = fc.nat({ max: 3 })
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('finish' as const), which: fc.nat({ max: 5 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.constantFrom(1, 60, 1_000, 5_000, 70_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('service' as const),
      service: few,
      port: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('gone' as const), service: few }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('node' as const), address: few }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('configure' as const),
      backend: fc.constantFrom(...BACKENDS),
      broken: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('incomplete' as const), incomplete: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('disturb' as const),
      part: fc.constantFrom(...PARTS),
      deleted: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('trouble' as const),
      trouble: fc.constantFrom('refused' as const, 'socket' as const, 'bug' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('verify' as const, 'die' as const) }) },
)

class World {
  readonly kernel: ImaginedKernel = new ImaginedKernel()
  readonly bugs: unknown[] = []
  readonly #store: ReturnType<typeof silentStore>
  readonly #telemetry: Telemetry
  readonly #current: CurrentConfiguration
  readonly #reconciler: Reconciler
  #configurations = 0
  #ended = false
  #started: Settings | undefined

  constructor() {
    const silent = (): undefined => undefined
    const none = { ipv4: 0, ipv6: 0 }
    const store = silentStore()
    const telemetry = startTelemetry({
      version: '',
      node: 'node-a',
      view: {
        objects: () => store.counts(),
        services: () => [],
        uid: silent,
        healthChecks: () => 0,
        droppedPorts: () => ({ internal: none, external: none }),
        generation: async () => 0,
        affinity: async () => [],
        announce: noAnnouncing,
        ...noCounts,
      },
      log: { write: silent, flush: silent, linesLost: () => 0 },
    })
    const current = new CurrentConfiguration(this.#configuration('nftables', false), telemetry.tell)
    const dataplanes = new Dataplanes({ backends: (claims) => this.kernel.backends(claims) })
    const afterCommit = { changed: silent, started: silent, committed: silent, compared: silent }
    const told = reconcilerEvents({
      telemetry,
      afterCommit: afterCommit as unknown as AfterCommit,
      node: 'node-a',
      tcp: () => 'keep',
      started: (_session, settings) => {
        this.#started = settings
        current.started(settings)
      },
      notStarted: (reason) => current.notStarted(reason),
    })
    this.#store = store
    this.#telemetry = telemetry
    this.#current = current
    this.#reconciler = new Reconciler({
      store,
      settingsFor: (node) => current.settingsFor(node),
      formerSettingsFor: (node) => current.formerSettingsFor(node),
      syncPeriod: () => current.chosen.syncPeriod,
      start: (goal) => dataplanes.start(goal, { watch: true }),
      removeOthers: (signal) => dataplanes.remove(signal),
      told: { ...told, bug: (error) => this.bugs.push(error) },
    })
    this.#node(0)
    for (const resource of NODE_RESOURCES) {
      this.#reconciler.accept({ kind: 'listed', resource, names: new Set(['node-a']) })
    }
  }

  async do(action: Action): Promise<void> {
    await this.#act(action)
    await settled()
    this.#check()
  }

  /** Nothing goes wrong any more, and all has time to end. */
  async rest(): Promise<void> {
    this.kernel.troubles.length = 0
    for (let round = 0; round < 20; round++) {
      await this.#finishAll()
      await vi.advanceTimersByTimeAsync(round < 15 ? 40_000 : 10)
    }
    await this.#finishAll()
  }

  /** Ends while whatever is under way goes on; resolves when it has ended, too. */
  async end(): Promise<void> {
    this.#ended = true
    const ended = this.#reconciler.stop()
    await this.#finishAll()
    await ended
  }

  /** Newest first; what cannot be started leaves the one before it. */
  atRest(): object {
    const { ready } = this.#telemetry.status()
    return { ready, holds: Object.fromEntries(this.kernel.parts), waiting: this.kernel.waiting }
  }

  wantedAtRest(): object {
    const node = this.#store.nodes.view() as NodeView
    const newest = this.#current.chosen.settingsFor(node).settings
    const works = !this.kernel.broken.has(newest.masqueradeBit)
    const settings = works ? newest : this.#started
    // Nothing was ever started.
    if (settings === undefined) return { ready: false, holds: {}, waiting: 0 }
    const text = textOf(settings, this.#store.cluster().services)
    const holds = Object.fromEntries(this.kernel.inForce.map((part) => [part, text]))
    return { ready: works, holds, waiting: 0 }
  }

  async #finishAll(): Promise<void> {
    while (this.kernel.waiting > 0) {
      this.kernel.finish(0)
      await settled()
      this.#check()
    }
  }

  async #act(action: Action): Promise<void> {
    switch (action.kind) {
      case 'service':
        this.#reconciler.accept({ kind: 'object', resource: 'services', object: service(action) })
        return
      case 'gone': {
        const name = `service-${action.service}`
        this.#reconciler.accept({ kind: 'deleted', resource: 'services', namespace: 'shop', name })
        return
      }
      case 'node':
        this.#node(action.address)
        return
      case 'configure':
        this.#current.replace(this.#configuration(action.backend, action.broken))
        this.#reconciler.reconfigure()
        return
      case 'incomplete':
        this.#reconciler.setIncomplete(action.incomplete)
        return
      case 'disturb':
        this.kernel.disturb(action.part, action.deleted)
        return
      case 'trouble':
        this.kernel.troubles.push(action.trouble)
        return
      case 'verify':
        this.#reconciler.verify()
        return
      case 'die':
        for (const session of this.kernel.sessions) session.dead = true
        return
      case 'finish':
        this.kernel.finish(action.which)
        return
      case 'wait':
        await vi.advanceTimersByTimeAsync(action.ms)
        return
      default:
        unreachable(action)
    }
  }

  #check(): void {
    const { kernel } = this
    expect(kernel.violations).toEqual([])
    expect(this.bugs.filter((bug) => !(bug instanceof Error && bug.message === BUG))).toEqual([])
    if (this.#ended || !this.#telemetry.status().ready || kernel.starting > 0) return
    // One that failed is closed, and then the agent is not ready.
    const [session, ...others] = kernel.sessions
    expect(others).toEqual([])
    expect(session?.heard).toBe(false)
    if (kernel.waiting > 0) return
    expect(session?.doubt()).toBeUndefined()
    const holds = kernel.inForce.map((part) => kernel.parts.get(part))
    expect(new Set(holds)).toEqual(new Set([session?.known]))
  }

  #node(address: number): void {
    this.#reconciler.accept({ kind: 'object', resource: 'nodes', object: nodeWith(address) })
  }

  #configuration(backend: BackendName, broken: boolean): Configuration {
    const bit = this.#configurations++
    if (broken) this.kernel.broken.add(bit)
    const config = { ...defaultConfig, scope: 'all', backend } as const
    return {
      source: `configuration ${bit}`,
      limits: defaultLimits,
      ownership: 'none',
      tcp: 'keep',
      syncPeriod: { ms: 100, mayEndEarly: bit % 2 === 0 },
      comparePeriod: 600_000,
      kubeProxyAddresses: { healthz: undefined, metrics: undefined },
      needsAllNodes: false,
      settingsFor: (node) => {
        const { settings } = toSettings(config, node)
        return { settings: { ...settings, masqueradeBit: bit }, notes: [] }
      },
    }
  }
}

/** Everything that need not wait for time or for the kernel has happened. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

function service({ service, port }: { readonly service: number; readonly port: number }): object {
  const name = `service-${service}`
  const spec = { clusterIP: `10.96.0.${service + 1}`, ports: [{ port }] }
  return { apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'shop', name }, spec }
}

function nodeWith(address: number): object {
  const addresses = [{ type: 'InternalIP', address: `192.0.2.${address + 1}` }]
  return { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-a' }, status: { addresses } }
}

/**
 * The configuration that is being started is in force all the same, and goes on if the next cannot.
 */
const replacedWhileStarted: Action[] = [
  { kind: 'wait', ms: 1 },
  { kind: 'configure', backend: 'nftables', broken: true },
  { kind: 'service', service: 0, port: 1 },
]

/** Others change something after it was compared and before the agent listens. */
const disturbedWhileStarted: Action[] = [
  { kind: 'configure', backend: 'ipvs', broken: false },
  { kind: 'wait', ms: 1 },
  { kind: 'configure', backend: 'ipvs', broken: false },
  { kind: 'finish', which: 0 },
  { kind: 'finish', which: 0 },
  { kind: 'wait', ms: 70_000 },
  { kind: 'disturb', part: 'servers', deleted: false },
]

const endsWhileFailing: Action[] = [
  { kind: 'wait', ms: 1 },
  { kind: 'finish', which: 0 },
  { kind: 'configure', backend: 'nftables', broken: true },
  { kind: 'finish', which: 0 },
  { kind: 'wait', ms: 1_000 },
]

test('at rest the newest configuration that works is in force, and nothing else is left', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 60, size: 'max' }), async (actions) => {
      vi.clearAllTimers()
      const world = new World()
      for (const each of actions) await world.do(each)
      await world.rest()
      expect(world.atRest()).toEqual(world.wantedAtRest())
      await world.end()
    }),
    { numRuns: runs(2_400), examples: [[replacedWhileStarted], [disturbedWhileStarted]] },
  )
})

test('after its end it changes nothing and waits for nothing', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 30, size: 'max' }), async (actions) => {
      vi.clearAllTimers()
      const world = new World()
      for (const each of actions) await world.do(each)
      await world.end()
      const { changes } = world.kernel
      expect(vi.getTimerCount()).toBe(0)
      await vi.advanceTimersByTimeAsync(600_000)
      await settled()
      expect(world.kernel).toMatchObject({ changes, waiting: 0 })
    }),
    { numRuns: runs(1_200), examples: [[endsWhileFailing]] },
  )
})
