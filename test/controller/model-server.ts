import { Controller } from '../../src/controller/controller.ts'
import type { AllocationSettings } from '../../src/model/allocation-settings.ts'
import { defaultAllocationSettings } from '../../src/model/allocation-settings.ts'
import type { Answer } from '../../src/watch/api/answer.ts'
import { type Breach, judge, type Witness } from '../e2e/support/status-rules.ts'

// biome-ignore lint/suspicious/noExplicitAny: a Kubernetes object
type Manifest = any

/** The part of an API server that a controller writes to: it keeps Services, and judges each change. */
export class ModelServer {
  readonly breaches: Breach[] = []
  /** The Services whose statuses were written, in order. */
  readonly written: string[] = []
  readonly #witnesses: Map<string, Witness> = new Map()
  readonly #services: Map<string, Manifest> = new Map()
  #version = 1

  /** Creates or replaces a Service; returns it as the watch would bring it. */
  put(service: Manifest): Manifest {
    const { namespace, name } = service.metadata
    const metadata = {
      ...{ uid: name, creationTimestamp: '2026-01-01T00:00:00Z' },
      ...service.metadata,
      resourceVersion: String(this.#version++),
    }
    const stored = { ...service, metadata }
    const key = `${namespace}/${name}`
    const { witness, breaches } = judge(this.#witnesses, key, stored)
    this.#witnesses.set(key, witness)
    this.#services.set(key, stored)
    this.breaches.push(...breaches)
    return stored
  }

  addressesOf(service: string): readonly string[] {
    return this.#witnesses.get(service)?.addresses ?? []
  }

  /** A client that patches statuses. */
  readonly client = {
    fetch: async ({ path, body }: { path: string; body?: unknown }): Promise<Answer> => {
      const [, namespace, name] = /namespaces\/(.+)\/services\/(.+)\/status$/.exec(path) ?? []
      const service = this.#services.get(`${namespace}/${name}`)
      if (service === undefined) return answered(404, {})
      const patch = body as Manifest
      if (patch.metadata.resourceVersion !== service.metadata.resourceVersion) {
        return answered(409, {})
      }
      this.written.push(`${namespace}/${name}`)
      return answered(200, this.put(merge(service, patch)))
    },
  }
}

function answered(status: number, body: object): Answer {
  return { kind: 'answered', status, text: JSON.stringify(body), retryAfterMs: undefined }
}

/** A JSON merge patch (RFC 7396). */
function merge(target: Manifest, patch: Manifest): Manifest {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const merged = { ...target }
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete merged[field]
    else merged[field] = merge(merged[field], value)
  }
  return merged
}

/** Runs a controller on the objects until `done` holds. */
export async function controlled(
  server: ModelServer,
  pools: readonly object[],
  services: readonly Manifest[],
  done: () => boolean,
  settings: AllocationSettings = defaultAllocationSettings,
): Promise<void> {
  const stop = new AbortController()
  const controller = new Controller({
    client: server.client,
    election: { leads: () => true, leadsFor: () => 10_000 },
    settings: () => settings,
    followed: ['all-services', 'ipaddresspools'],
    configuration: { write: async () => 'settled', forget: () => undefined },
    listener: {
      tell: () => undefined,
      decided: () => undefined,
      leading: () => undefined,
      read: () => undefined,
      changed: () => done() && stop.abort(),
      contested: () => undefined,
    },
  })
  for (const object of pools)
    controller.take({ kind: 'object', resource: 'ipaddresspools', object })
  for (const service of services) {
    controller.take({ kind: 'object', resource: 'all-services', object: server.put(service) })
  }
  const names = (objects: readonly Manifest[]) =>
    new Set(objects.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`))
  controller.take({ kind: 'listed', resource: 'ipaddresspools', names: names(pools) })
  controller.take({ kind: 'listed', resource: 'all-services', names: names(services) })
  await controller.run(stop.signal)
}
