import type { EventSink } from '../telemetry/event-queue.ts'
import type { ApiClient } from '../watch/api/client.ts'

/** Returns a sink that sends Kubernetes Events through the client that also watches. */
export function eventSink(client: ApiClient, signal: AbortSignal): EventSink {
  const contentType = 'application/merge-patch+json'
  return {
    post: (path, body) => client.fetch({ method: 'POST', path, body, signal }),
    patch: (path, body) => client.fetch({ method: 'PATCH', path, body, contentType, signal }),
  }
}
