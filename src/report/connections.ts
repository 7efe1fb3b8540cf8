import { inSteps } from '../apply/in-steps.ts'
import { ownerIn, portIn } from '../frontend/label-text.ts'
import type { NameOf } from '../frontend/labels.ts'
import type { ServiceName } from '../model/service-name.ts'
import type { Steps } from '../model/steps.ts'
import { type Answer, plain, type Routes } from '../telemetry/http.ts'

/** How many connections were begun to each port of each Service. */
export type CountedConnections =
  /** Nobody asked for it, or nothing is programmed yet. */
  | { readonly kind: 'off' }
  | { readonly kind: 'unread'; readonly reason: string }
  | {
      readonly kind: 'counted'
      /** By the label of frontends. */
      readonly totals: ReadonlyMap<string, number>
      /** Returns the Service that a label names. */
      readonly nameOf: NameOf
      /** Returns whether connections to a Service are counted. */
      readonly isCounted: (service: ServiceName) => boolean
    }

const NAME = 'nodelb_service_connections_total'
const HEAD = `# HELP ${NAME} Connections that were begun to a port of a Service at this node.
# TYPE ${NAME} counter
`

/** Returns the route of the counts, which stand by themselves because they grow with Services. */
export function connectionRoutes(
  counted: () => Promise<CountedConnections>,
  contentType: string,
): Routes {
  return new Map([['/metrics/services', async () => answer(await counted(), contentType)]])
}

async function answer(found: CountedConnections, contentType: string): Promise<Answer> {
  switch (found.kind) {
    case 'off':
      return plain(404, 'connections are not counted: see metrics.services.enabled')
    case 'unread':
      return plain(503, `the counters cannot be read: ${found.reason}`)
    case 'counted':
      return { status: 200, type: contentType, body: await inSteps(text(found)) }
  }
}

/** Prints Prometheus text format 0.0.4. */
function* text({
  totals,
  nameOf,
  isCounted,
}: Extract<CountedConnections, { kind: 'counted' }>): Steps<string> {
  const lines: string[] = []
  for (const [label, total] of totals) {
    const name = nameOf(ownerIn(label))
    if (isCounted(name)) lines.push(sample(label, name, total))
    yield
  }
  return HEAD + lines.join('')
}

function sample(label: string, name: ServiceName, total: number): string {
  const [namespace, service] = name.split('/', 2)
  const { port, kind } = portIn(label)
  const labels = `namespace="${namespace}",service="${service}",port="${port}",kind="${kind}"`
  return `${NAME}{${labels}} ${total}\n`
}
