import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { differenceAsMarkdown } from '../../src/cli/difference-markdown.ts'
import { printDifference } from '../../src/cli/print-difference.ts'
import type { Goal } from '../../src/dataplane/dataplane.ts'
import { difference } from '../../src/dataplane/difference.ts'
import { namesOf } from '../../src/frontend/labels.ts'
import type { Address, Port } from '../../src/model/address.ts'
import type { BackendKind } from '../../src/model/backend.ts'
import type { Cluster, ServiceObject, SliceEndpoint, SliceObject } from '../../src/model/service.ts'
import { type ServiceDifference, serviceDifference } from '../../src/view/service-difference.ts'
import { fixtureGoal } from '../support/goal.ts'

/** What `nodelb diff` shows of stories: by Service, and the same whatever the backend is. */

const STORIES = new URL('../../fixtures/stories/', import.meta.url).pathname
const GOLDENS = new URL('./diff/', import.meta.url).pathname

const changes = readdirSync(STORIES)
  .sort()
  .flatMap((story) => {
    const inputs = readdirSync(STORIES + story).filter((file) => /^\d+-input\.yaml$/.test(file))
    return inputs.slice(1).map((_, at) => [story, at + 1] as const)
  })

function viewOf(story: string, from: number, backend: BackendKind): ServiceDifference {
  const goal = (number: number): Goal =>
    fixtureGoal(STORIES + story, `${number}-input.yaml`, backend)
  const [old, now] = [goal(from), goal(from + 1)]
  const plan = difference(old, now)
  return serviceDifference({
    frontends: plan.frontends(),
    operations: plan.operations,
    nameOf: namesOf(now.cluster.services),
    isOneTransaction: backend === 'nftables',
  })
}

describe.each(changes)('%s, after step %d', (story, from) => {
  const sentence = readFileSync(`${STORIES}${story}/README.md`, 'utf8').trim()
  const view = viewOf(story, from, 'nftables')
  const name = `${GOLDENS}${story}-${from}-to-${from + 1}`

  test.each([80, 140])(`in %d columns: ${sentence}`, async (columns) => {
    const look = { colour: false, columns, full: false }
    const text = printDifference(view, look)
    const tooLong = text.split('\n').filter((line) => line.length > columns)
    expect(tooLong).toEqual([])
    await expect(text).toMatchFileSnapshot(`${name}.${columns}`)
  })

  test('with all operations', async () => {
    const text = printDifference(view, { colour: false, columns: undefined, full: true })
    await expect(text).toMatchFileSnapshot(`${name}.full`)
  })

  test('as Markdown', async () => {
    await expect(differenceAsMarkdown(view, '')).toMatchFileSnapshot(`${name}.md`)
  })

  test.each(['iptables', 'ipvs'] as const)('the same with %s', (backend) => {
    if (backend === 'ipvs' && story === DRAINED[0] && from === DRAINED[1]) return
    const { services, ports, counts, drift } = viewOf(story, from, backend)
    const shown = (some: ServiceDifference['ports']) =>
      some.map(({ title, addresses, change, lines }) => ({ title, addresses, change, lines }))
    expect(services).toEqual(view.services)
    expect(shown(ports)).toEqual(shown(view.ports))
    expect(counts).toEqual(view.counts)
    expect(drift).toEqual([])
  })
})

const DRAINED = ['endpoint-replaced', 2] as const

test('with ipvs, an endpoint that had only its old connections left goes by itself', () => {
  const { ports, drift } = viewOf(...DRAINED, 'ipvs')
  expect(ports.map(({ title, lines }) => ({ title, lines }))).toEqual([
    {
      title: 'shop/web:http',
      lines: [{ sign: '-', words: ['drained', '10.244.2.10:8080'], note: '' }],
    },
  ])
  expect(drift).toEqual([])
})

const PORT = { name: 'http', protocol: 'tcp', port: 80 as Port } as const

const WEB: ServiceObject = {
  ...{ namespace: 'web', name: 'web', created: '' },
  ...{ clusterAddresses: [], externalAddresses: [], loadBalancerAddresses: [], sourceRanges: [] },
  ...{ internalPolicy: 'cluster', externalPolicy: 'cluster', affinity: { kind: 'none' } },
  healthCheckPort: undefined,
  ports: [{ ...PORT, nodePort: undefined }],
}

const POD: Omit<SliceEndpoint, 'address'> = {
  ...{ ready: true, serving: true, terminating: false },
  ...{ nodeName: 'node-a', zones: undefined, nodes: undefined },
}

/** A cluster of this many Services with two pods each. */
function crowd(size: number): Cluster {
  const services = Array.from(
    { length: size },
    (_, at): ServiceObject => ({
      ...WEB,
      name: `web-${String(at).padStart(3, '0')}`,
      loadBalancerAddresses: [`203.0.113.${at + 1}` as Address],
    }),
  )
  const slices = services.map(
    ({ name: service }, at): SliceObject => ({
      ...{ namespace: 'web', name: `${service}-1`, service, family: 'ipv4' },
      ports: [{ ...PORT, port: 8080 as Port }],
      endpoints: [`10.244.1.${at + 1}`, `10.244.2.${at + 1}`].map((address) => {
        return { ...POD, address: address as Address }
      }),
    }),
  )
  return { services, slices }
}

describe('many Services', () => {
  const empty = fixtureGoal(`${STORIES}scale-up-and-down`, '1-input.yaml', 'nftables')
  const of = (cluster: Cluster): Goal => ({ ...empty, cluster })
  const text = (old: Goal, now: Goal): string => {
    const plan = difference(old, now)
    const { operations } = plan
    const view = { frontends: plan.frontends(), operations, nameOf: namesOf(now.cluster.services) }
    const look = { colour: false, columns: 80, full: false }
    return printDifference(serviceDifference({ ...view, isOneTransaction: true }), look)
  }

  test('200 that come are 200 entries of two lines', () => {
    const lines = text(of({ services: [], slices: [] }), of(crowd(200))).split('\n')
    expect(lines).toHaveLength(200 * 2 + 3)
    expect(lines.slice(0, 4)).toEqual([
      '+ web/web-000:http  203.0.113.1:80/tcp',
      '    + endpoints 10.244.1.1:8080, 10.244.2.1:8080',
      '+ web/web-001:http  203.0.113.2:80/tcp',
      '    + endpoints 10.244.1.2:8080, 10.244.2.2:8080',
    ])
    expect(lines.at(-2)).toMatch(/^200 Services added; \d+ operations in one transaction\.$/)
  })
})
