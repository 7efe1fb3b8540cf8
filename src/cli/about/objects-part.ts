import { stringify } from 'yaml'
import { readDocuments } from '../../decode/documents.ts'
import { valueAt } from '../../decode/fields.ts'
import { report as startReport } from '../../decode/problem.ts'
import { ApiClient } from '../../watch/api/client.ts'
import { filesAt, readText } from '../../watch/files/files.ts'
import { apiLocation } from '../api-location.ts'
import type { Found } from './node-parts.ts'
import { shownObjects } from './redact.ts'

const METALLB = '/apis/metallb.io'

/** What is listed; a cluster need not have the kinds of MetalLB. */
const PATHS: readonly string[] = [
  ...['/api/v1/services', '/api/v1/nodes', '/apis/discovery.k8s.io/v1/endpointslices'],
  ...['ipaddresspools', 'l2advertisements', 'bgpadvertisements', 'bfdprofiles', 'communities'].map(
    (plural) => `${METALLB}/v1beta1/${plural}`,
  ),
  `${METALLB}/v1beta2/bgppeers`,
]

/** Returns the objects of files, without what looks like a secret. */
export function objectsOfFiles(paths: readonly string[]): Found {
  const report = startReport('')
  const files = paths.flatMap((path) => filesAt(path, report))
  const values = files.flatMap((file) => {
    const text = readText(file, report)
    return text === undefined ? [] : readDocuments(text, file).values
  })
  const unread = report.problems.map(({ found }) => `# not read: ${found}\n`).join('')
  return { kind: 'found', text: `${unread}${written(values)}` }
}

/** Returns the objects of the API server, without what looks like a secret. Never rejects. */
export async function objectsOfServer(
  kubeconfig: string | undefined,
  version: string,
): Promise<Found> {
  const location = apiLocation(kubeconfig)
  if (location.kind === 'unknown') return { kind: 'missing', why: location.reason }
  const client = new ApiClient(location, `nodelb/${version}`)
  const signal = AbortSignal.timeout(TIME_LIMIT)
  const values: unknown[] = []
  const unread: string[] = []
  for (const path of PATHS) {
    for (let from: string | undefined = ''; from !== undefined; ) {
      const page = await client.fetch({ path: `${path}?limit=${PAGE}&continue=${from}`, signal })
      const text = page.kind === 'answered' && page.status === 200 ? page.text : undefined
      if (text === undefined) unread.push(`# ${path}: ${reasonOf(page)}\n`)
      const lists = text === undefined ? [] : readDocuments(text, path).values
      values.push(...lists)
      from = nextOf(lists)
    }
  }
  client.close()
  if (values.length === 0) return { kind: 'missing', why: unread.join(' ').replaceAll('\n', '') }
  return { kind: 'found', text: `${unread.join('')}${written(values)}` }
}

/** Few enough for an answer that is read as a whole. */
const PAGE = 100

function reasonOf(answer: Awaited<ReturnType<ApiClient['fetch']>>): string {
  return answer.kind === 'broken' ? answer.reason : `status ${answer.status}`
}

/** Returns where the next page begins; undefined after the last one. */
function nextOf(lists: readonly unknown[]): string | undefined {
  const next = valueAt(lists[0], ['metadata', 'continue'])
  return typeof next === 'string' && next !== '' ? encodeURIComponent(next) : undefined
}

/** Milliseconds for all lists together. */
const TIME_LIMIT = 60_000

function written(values: readonly unknown[]): string {
  return shownObjects(values)
    .map((object) => stringify(object, { lineWidth: 0 }))
    .join('---\n')
}
