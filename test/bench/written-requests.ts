import type { ApiServer } from '../e2e/support/apiserver.ts'

const WRITING = ['POST', 'PUT', 'PATCH', 'DELETE']

/** Requests that change something, by what they are about, such as `services/status`. */
export type Requests = ReadonlyMap<string, number>

/** Returns how many such requests the API server has answered since its start. */
export async function writtenRequests({ admin }: ApiServer): Promise<Requests> {
  const { body } = await admin.ask('GET', '/metrics')
  const written = new Map<string, number>()
  for (const [, labels = '', count] of body.matchAll(/^apiserver_request_total\{(.*)\} (\d+)$/gm)) {
    const label = (name: string): string =>
      new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1] ?? ''
    if (!WRITING.includes(label('verb'))) continue
    const about = [label('resource'), label('subresource')].filter((each) => each !== '').join('/')
    written.set(about, (written.get(about) ?? 0) + Number(count))
  }
  return written
}

/** Returns the requests of `later` that are not among those of `before`. */
export function requestsBetween(before: Requests, later: Requests): Requests {
  const counts = Array.from(later, ([about, count]) => {
    return [about, count - (before.get(about) ?? 0)] as const
  })
  return new Map(counts.filter(([, count]) => count > 0))
}

/** Returns the requests in words, the most frequent first. */
export function printRequests(requests: Requests): string {
  const sorted = [...requests].sort(([, a], [, b]) => b - a)
  return sorted.map(([about, count]) => `${count} ${about}`).join(', ')
}
