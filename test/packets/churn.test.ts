import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Connection, type HeldConnection, Lab, type Stream } from '../support/lab.ts'
import { isLong } from '../support/runs.ts'
import type { PodName } from '../support/topology.ts'
import { list, WEB, webObjects } from '../support/web.ts'

const changes = isLong ? 200 : 12
const { loadBalancer, cluster } = WEB

/** Who connects to what, all the time. */
const routes: readonly Connection[] = [
  { from: 'client', to: loadBalancer[0] },
  { from: 'client', to: loadBalancer[1] },
  { from: 'client-2', to: loadBalancer[0], protocol: 'udp' },
  { from: 'node', to: cluster[0] },
  { from: 'pod-a', to: cluster[1] },
]

let lab: Lab
beforeAll(async () => {
  lab = await Lab.build()
})
afterAll(() => lab.remove())

test(`${changes} endpoint changes disturb no connection to a healthy endpoint`, async () => {
  await apply(0)
  const held = await Promise.all(routes.filter(isTcp).flatMap((route) => holdSome(route)))
  const streams = await Promise.all(
    routes.map((route) => lab.pour({ ...route, concurrency: 2, pause: 50 })),
  )
  for (let change = 1; change <= changes; change++) {
    const summary = await apply(change)
    expect(summary, `change ${change}`).not.toMatch(/\b0 operations/)
  }
  expect(await Promise.all(streams.map(fate))).toEqual(
    routes.map(() => ({ enough: true, failures: {} })),
  )
  expect(await Promise.all(held.map(endurance))).toEqual(held.map(() => ({ enough: true })))
}, 900_000)

function isTcp({ protocol = 'tcp' }: Connection): boolean {
  return protocol === 'tcp'
}

/** Several, so that every endpoint has some: those that come and go stay healthy too. */
function holdSome(route: Connection): Promise<HeldConnection>[] {
  return Array.from({ length: 8 }, () => lab.hold(route))
}

async function fate(stream: Stream): Promise<{ enough: boolean; failures: object }> {
  const counts = Object.entries(await stream.stop())
  const answered = counts.filter(([name]) => name.startsWith('pod-'))
  const total = answered.reduce((sum, [, count]) => sum + count, 0)
  const failures = counts.filter(([name]) => !name.startsWith('pod-'))
  return { enough: total > changes, failures: Object.fromEntries(failures) }
}

async function endurance(connection: HeldConnection): Promise<object> {
  const { exchanges, ...failure } = await connection.release()
  return { enough: exchanges > changes, ...failure }
}

async function apply(change: number): Promise<string> {
  const objects = list(webObjects(podsAfter(change)))
  const applied = await lab.nodelb(
    ['apply', '-f', '-', '--node', 'node-a', '--scope', 'all'],
    objects,
  )
  expect(applied, applied.stderr).toMatchObject({ exitCode: 0 })
  return applied.stdout
}

/** pod-a and pod-d always serve; the others come and go, alone and together. */
function podsAfter(change: number): PodName[] {
  const others = (['pod-b', 'pod-c', 'pod-e'] as const).filter((_, bit) => (change >> bit) & 1)
  return ['pod-a', 'pod-d', ...others]
}
