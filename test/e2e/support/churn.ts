import type { Api } from './api.ts'
import { balanced, paths } from './controllers.ts'

/** What people do to Services and pools while addresses are given. */
export interface Churn {
  readonly admin: Api
  /** So many Services are there at first, and so many at most. */
  readonly first: number
  readonly most: number
  /** So many people work at a time. */
  readonly hands: number
  /** What they do besides creating and deleting Services; drawn at random. */
  readonly deeds: readonly Deed[]
}

/** Does something to a Service that may be gone by now. */
export type Deed = (admin: Api, path: string) => Promise<unknown>

const services = paths.services('default')

/** Creates, changes and deletes Services until the signal aborts. */
export async function churn(options: Churn, signal: AbortSignal): Promise<void> {
  const alive = Array.from({ length: options.first }, (_, i) => `churn-first-${i}`)
  await options.admin.create(services, alive.map(newService))
  let number = 0
  const hand = async (): Promise<void> => {
    while (!signal.aborted) await act(options, alive, `churn-${number++}`)
  }
  await Promise.all(Array.from({ length: options.hands }, hand))
}

async function act({ admin, most, deeds }: Churn, alive: string[], name: string): Promise<void> {
  const deed = deeds[random(deeds.length * 2)]
  const victim = random(alive.length)
  if (deed !== undefined && alive.length > most / 2) {
    await deed(admin, `${services}/${alive[victim]}`)
  } else if (alive.length >= most || random(3) === 0) {
    const [gone] = alive.splice(victim, 1)
    if (gone !== undefined) await admin.call('DELETE', `${services}/${gone}`)
  } else {
    await admin.call('POST', services, newService(name))
    alive.push(name)
  }
}

function newService(name: string): object {
  return balanced(name, { ports: [{ port: port() }] })
}

/** Patches what may be gone: 404 and 409 are no trouble. */
async function patch(admin: Api, path: string, body: object): Promise<void> {
  const { status, body: answer } = await admin.ask('PATCH', path, body)
  if (status >= 300 && status !== 404 && status !== 409) {
    throw new Error(`PATCH ${path}: ${status} ${JSON.stringify(answer)}`)
  }
}

function annotate(annotations: () => object): Deed {
  return (admin, path) => patch(admin, path, { metadata: { annotations: annotations() } })
}

const asks = (addresses: string | null, pool: string | null): object => ({
  'metallb.io/loadBalancerIPs': addresses,
  'metallb.io/address-pool': pool,
})

/** An address that another Service may have; not in the pools, now and then. */
const anyAddress = (): string => `${['192.0.2', '198.51.100'][random(2)]}.${random(260) % 256}`

/** Requests, renewals, keys of sharing, ports, types, families, and pools of another size. */
export const deeds: readonly Deed[] = [
  annotate(() => asks(anyAddress(), null)),
  annotate(() => asks(null, ['lan', 'spare', 'nobody'][random(3)] ?? null)),
  annotate(() => asks(null, null)),
  annotate(() => ({ 'nodelb.io/renew': String(random(1_000)) })),
  annotate(() => ({ 'metallb.io/allow-shared-ip': `key-${random(20)}` })),
  annotate(() => ({ 'metallb.io/allow-shared-ip': null })),
  annotate(() => ({ 'shop/note': String(random(1_000)) })),
  (admin, path) => patch(admin, path, { spec: { ports: [{ port: port() }] } }),
  (admin, path) => patch(admin, path, { spec: { type: 'LoadBalancer' } }),
  (admin, path) =>
    patch(admin, path, {
      spec: { type: 'ClusterIP', ports: [{ port: port(), nodePort: null, protocol: 'TCP' }] },
    }),
  (admin, path) => patch(admin, path, { spec: { ipFamilyPolicy: 'PreferDualStack' } }),
  (admin, path) =>
    patch(admin, path, { spec: { ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv4'] } }),
  (admin) =>
    patch(admin, `${paths.pools}/lan`, { spec: { addresses: sizes[random(sizes.length)] } }),
  (admin) => patch(admin, `${paths.pools}/spare`, { spec: { autoAssign: random(2) === 0 } }),
]

/** The ranges of the pool `lan`, as large as it gets first. */
export const sizes: readonly (readonly string[])[] = [
  ['192.0.2.0/24', '198.51.100.0/25', '2001:db8::/64'],
  ['192.0.2.0/24', '2001:db8::/64'],
  ['192.0.2.0/25'],
  ['198.51.100.0/25', '2001:db8::/120'],
]

/** Few enough that Services with the same key often have one in common. */
function port(): number {
  return 80 + random(8)
}

function random(below: number): number {
  return Math.floor(Math.random() * below)
}
