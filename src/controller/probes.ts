import { type Answer, plain, type Routes } from '../telemetry/http.ts'
import type { ControllerMetrics } from './metrics.ts'

/** What the probes ask. */
interface Asked {
  /** Whether every kind of object has been listed whole. */
  readonly complete: () => boolean
  readonly leads: () => boolean
  readonly metrics: ControllerMetrics
}

/** Returns the routes for the kubelet's probes and for scrapes. */
export function controllerRoutes({ complete, leads, metrics }: Asked): Routes {
  return new Map<string, () => Answer | Promise<Answer>>([
    ['/livez', () => plain(200, 'it runs')],
    [
      '/readyz',
      () =>
        complete()
          ? plain(200, leads() ? 'it allocates addresses' : 'another replica allocates addresses')
          : plain(503, 'not every kind of object has been listed yet'),
    ],
    [
      '/metrics',
      async () => {
        metrics.stand(leads(), complete())
        const { registry } = metrics
        return { status: 200, type: registry.contentType, body: await registry.metrics() }
      },
    ],
  ])
}
