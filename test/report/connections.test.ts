import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Owner } from '../../src/frontend/label-text.ts'
import { type CountedConnections, connectionRoutes } from '../../src/report/connections.ts'

const TYPE = 'text/plain; version=0.0.4'

async function answer(found: CountedConnections) {
  const answered = await connectionRoutes(async () => found, TYPE).get('/metrics/services')?.()
  if (answered === undefined) throw new Error('no such path')
  return answered
}

function counted(...totals: readonly (readonly [string, number])[]): CountedConnections {
  const names = new Map([['shop/a-name-that-is~1234', 'shop/a-name-that-is-long']])
  const nameOf = (owner: Owner): string => names.get(owner) ?? owner
  return {
    kind: 'counted',
    totals: new Map(totals),
    nameOf,
    isCounted: (name) => name !== 'shop/quiet',
  }
}

test('each port of a Service has a sample for each kind of address', async () => {
  const { status, type, body } = await answer(
    counted(
      ['shop/web:http load-balancer', 12],
      ['shop/web:http node-port', 0],
      ['shop/quiet:http node-port', 7],
      ['shop/a-name-that-is~1234:8080 cluster-ip', 2 ** 40],
    ),
  )
  expect({ status, type }).toEqual({ status: 200, type: TYPE })
  expect(
    body,
  ).toBe(`# HELP nodelb_service_connections_total Connections that were begun to a port of a Service at this node.
# TYPE nodelb_service_connections_total counter
nodelb_service_connections_total{namespace="shop",service="web",port="http",kind="load-balancer"} 12
nodelb_service_connections_total{namespace="shop",service="web",port="http",kind="node-port"} 0
nodelb_service_connections_total{namespace="shop",service="a-name-that-is-long",port="8080",kind="cluster-ip"} 1099511627776
`)
})

test('docs/metrics.md has the metric with its labels', async () => {
  const docs = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8')
  const { body } = await answer(counted(['a/b:c d', 1]))
  const [, name, labels = ''] = /^(\w+)\{(.*)\} 1$/m.exec(body) ?? []
  const listed = labels.split(',').map((label) => `\`${label.split('=')[0]}\``)
  expect(docs).toContain(`| \`${name}\` | counter | ${listed.join(', ')} |`)
})

test('a scrape fails where nobody asked for counts, and where they cannot be read', async () => {
  const off = await answer({ kind: 'off' })
  expect(off).toMatchObject({ status: 404 })
  expect(off.body).toContain('metrics.services.enabled')
  const unread = await answer({ kind: 'unread', reason: 'the capability CAP_NET_ADMIN is missing' })
  expect(unread).toMatchObject({ status: 503 })
  expect(unread.body).toContain('CAP_NET_ADMIN is missing')
})
