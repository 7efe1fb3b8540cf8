import { printProblem } from '../decode/problem.ts'
import type { AllocationSettings } from '../model/allocation-settings.ts'
import type { ListenAddress } from '../model/listening.ts'
import { listenRetry, Waits } from '../model/retry.ts'
import { sameMembers } from '../model/same-members.ts'
import { unreachable } from '../model/unreachable.ts'
import type { EventSink } from '../telemetry/event-queue.ts'
import { type HttpServer, type Routes, serveHttp } from '../telemetry/http.ts'
import type { LogLevel } from '../telemetry/json-log.ts'
import type { ApiClient } from '../watch/api/client.ts'
import { followApiServer } from '../watch/api-source.ts'
import { NodeInterest } from '../watch/node-interest.ts'
import { relisting } from '../watch/relisting.ts'
import type { Resource } from '../watch/resources.ts'
import type { SourceListener } from '../watch/source.ts'
import { ConfigurationState } from './configuration-state.ts'
import { Controller } from './controller.ts'
import { Election, type ElectionNews } from './election.ts'
import { leaseApi } from './lease-api.ts'
import type { ControllerNews } from './news.ts'
import { controllerRoutes } from './probes.ts'
import { startTelling } from './telling.ts'

interface RunOptions {
  readonly client: ApiClient
  readonly events: EventSink
  readonly version: string
  readonly identity: string
  readonly namespace: string
  readonly listen: ListenAddress
  readonly level: LogLevel
  readonly settings: () => AllocationSettings
  /** Follows the configuration until the signal aborts. */
  readonly followSettings: (
    changed: (before: AllocationSettings) => void,
    refused: (source: string, reason: string) => void,
    signal: AbortSignal,
  ) => Promise<void>
  /** Gets, once, how news are reported, for what runs beside. */
  readonly reporting: (tell: Tell) => void
  /** Resolves with the name of the signal that ends the process. */
  readonly stopped: Promise<string>
  readonly signal: AbortSignal
}

/** The name of the Lease. */
const LEASE = 'nodelb-controller'

/** What the controller follows on the API server. */
const FOLLOWED: readonly Resource[] = [
  'all-services',
  'ipaddresspools',
  'namespaces',
  'nodes',
  'endpointslices',
  // Pools as MetalLB had them up to 0.12: they count where there is no IPAddressPool.
  'configmaps',
]

type Tell = (news: ControllerNews) => void

/**
 * Runs the controller until `signal` aborts, and gives the Lease back at the end. Rejects after an
 * unexpected error, which ends the process: the other replica goes on.
 */
export async function runController(options: RunOptions): Promise<void> {
  const { client, version, identity, namespace, signal, settings, level, events } = options
  const reporting = {
    instance: identity,
    uid: (service: string) => controller.uid(service),
    pool: (name: string, namespace?: string) => controller.pool(name, namespace),
  }
  const nearlyFull = (): number => settings().poolUsageWarning
  const { tell, listener, metrics, close } = startTelling({ level, events, reporting, nearlyFull })
  const told = (news: ElectionNews): void => {
    tell(newsOf(news))
    controller.wake()
  }
  const election = new Election({ api: leaseApi(client, namespace, LEASE), identity, told })
  const leadsFor = (): number => election.leadsFor()
  const configuration = new ConfigurationState({ client, leadsFor, namespace, tell })
  const controller: Controller = new Controller({
    ...{ client, election, settings, listener, configuration },
    followed: FOLLOWED,
  })
  const leads = (): boolean => election.leads()
  const complete = (): boolean => controller.complete()
  const server = serve(options.listen, controllerRoutes({ complete, leads, metrics }), tell)
  tell({ event: 'controller-started', version, identity })
  options.reporting(tell)
  const interest = new NodeInterest(true)
  // The rights to read ConfigMaps end at the controller's own namespace.
  const namespaces = { configmaps: namespace }
  const source = followApiServer({ client, followed: FOLLOWED, node: '', interest, namespaces })
  const following = relisting((until) => source(sourceListener(controller, tell), until), signal)
  await Promise.all([
    election.run(signal),
    controller.run(signal),
    following.ended,
    followSettings(options, { again: following.again, wake: () => controller.wake(), tell }),
    options.stopped.then((reason) => tell({ event: 'controller-stopping', reason })),
  ])
  close()
  await server.close()
}

/** Follows the configuration: wakes the controller after each change, and reports a refused one. */
async function followSettings(
  { settings, followSettings: follow, signal }: RunOptions,
  { again, wake, tell }: { again: () => void; wake: () => void; tell: Tell },
): Promise<void> {
  await follow(
    (before) => {
      // Whose a Service is was decided when it was read, so other classes need all read again.
      const { loadBalancerClasses } = settings()
      if (!sameMembers(before.loadBalancerClasses, loadBalancerClasses)) again()
      wake()
    },
    (source, reason) => tell({ event: 'configuration-refused', source, reason }),
    signal,
  )
}

function newsOf(news: ElectionNews): ControllerNews {
  switch (news.kind) {
    case 'leading':
      return { event: 'leading' }
    case 'following':
      return { event: 'following', leader: news.leader }
    case 'failed':
      return { event: 'lease-failed', reason: news.reason }
    default:
      return unreachable(news)
  }
}

function sourceListener(controller: Controller, tell: Tell): SourceListener {
  return {
    event: (event) => controller.take(event),
    state(resource, state) {
      if (state.kind === 'lost') tell({ event: 'watch-lost', resource, reason: state.reason })
      if (state.kind === 'following') tell({ event: 'watch-following', resource })
    },
    problems(problems) {
      const lines = problems.map(printProblem)
      if (lines.length > 0) tell({ event: 'object-problems', object: 'lists', problems: lines })
    },
  }
}

function serve({ host, port }: ListenAddress, routes: Routes, tell: Tell): HttpServer {
  return serveHttp({
    ...{ host, port, routes },
    onState(state) {
      const at = `${host ?? ''}:${port}`
      if (state.kind === 'waiting') tell({ event: 'listen-failed', at, reason: state.reason })
    },
    onAnswer: () => undefined,
    waits: new Waits(listenRetry),
  })
}
