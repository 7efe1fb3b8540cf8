import type { FrrConfiguration } from '../../render/bgp/frr-configuration.ts'
import type { Answer } from '../../watch/api/answer.ts'
import type { ApiClient } from '../../watch/api/client.ts'
import { withTimeLimit } from '../../watch/time-limit.ts'

const LIMIT_MS = 10_000
/** As the API server knows what nodelb wrote of an object. */
const MANAGER = 'nodelb'

const MISSING = 'the cluster has no FRRConfigurations; install frr-k8s'

type Call = Omit<Parameters<ApiClient['fetch']>[0], 'signal'>
type Place = FrrConfiguration['metadata']

/** The FRRConfigurations in the API server. Each request has a time limit; no method rejects. */
export class ConfigurationApi {
  readonly #client: Pick<ApiClient, 'fetch'>

  constructor(client: Pick<ApiClient, 'fetch'>) {
    this.#client = client
  }

  /**
   * Has the API server make the object so, also where others wrote what is nodelb's (server-side apply).
   * Returns why it does not; undefined if it does.
   */
  async apply(wanted: FrrConfiguration, signal: AbortSignal): Promise<string | undefined> {
    const path = `${pathOf(wanted.metadata)}?fieldManager=${MANAGER}&force=true`
    // JSON is YAML.
    const contentType = 'application/apply-patch+yaml'
    const answer = await this.#ask({ method: 'PATCH', path, body: wanted, contentType }, signal)
    return failureOf(answer) && (isMissing(answer) ? MISSING : failureOf(answer))
  }

  /** Deletes the object; one that is not there is as good. */
  async remove(place: Place, signal: AbortSignal): Promise<string | undefined> {
    const answer = await this.#ask({ method: 'DELETE', path: pathOf(place) }, signal)
    return isMissing(answer) ? undefined : failureOf(answer)
  }

  #ask(call: Call, signal: AbortSignal): Promise<Answer> {
    return withTimeLimit(LIMIT_MS, signal, (limited) =>
      this.#client.fetch({ ...call, signal: limited }),
    )
  }
}

function pathOf({ name, namespace }: Place): string {
  return `/apis/frrk8s.metallb.io/v1beta1/namespaces/${namespace}/frrconfigurations/${name}`
}

function isMissing(answer: Answer): boolean {
  return answer.kind === 'answered' && answer.status === 404
}

function failureOf(answer: Answer): string | undefined {
  if (answer.kind === 'broken') return answer.reason
  if (answer.status < 300) return undefined
  return `the API server answers ${answer.status}: ${answer.text.slice(0, 200)}`
}
