import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { parse } from 'yaml'
import { BgpLan, NODE } from '../support/bgp-lan.ts'
import {
  advertisement,
  bfdProfile,
  bgpCluster,
  bgpPeer,
  bgpService,
} from '../support/bgp-objects.ts'
import { eventually } from '../support/eventually.ts'
import type { FrrDaemon } from '../support/frr.ts'

// biome-ignore lint/suspicious/noExplicitAny: whatever Kubernetes takes
type Manifest = any

function read(file: string): Manifest {
  const url = new URL(`../../deploy/components/${file}`, import.meta.url)
  return parse(readFileSync(url, 'utf8'))
}

const added = read('bgp-bfd/engines.yaml').map(({ value }: Manifest) => value)
const [, bgpd] = read('bgp-bfd/bgpd.yaml').spec.template.spec.containers
const engines: Readonly<Record<FrrDaemon, Manifest>> = { zebra: added[0], bfdd: added[1], bgpd }
const [, { value: groups }] = read('bgp/engine.yaml')
const users: Readonly<Record<string, string>> = read('bgp-bfd/users.yaml').data

let lan: BgpLan
afterEach(async () => {
  await lan?.remove()
})

function confined(options: readonly string[]): readonly string[] {
  return ['setpriv', ...options, '--inh-caps=-all', '--ambient-caps=-all', '--no-new-privs', '--']
}

/** Enters what the container has: its folder, its users, and root with these capabilities and no other. */
function container({ securityContext }: Manifest): readonly string[] {
  const { add, drop } = securityContext.capabilities
  expect(drop).toEqual(['ALL'])
  expect(securityContext.runAsUser).toBe(0)
  const { folder } = lan.node
  for (const [file, text] of Object.entries(users)) writeFileSync(join(lan.folder, file), text)
  const mounts = [
    [folder, '/run/frr'],
    ...Object.keys(users).map((file) => [join(lan.folder, file), `/etc/${file}`]),
  ].map(([from, to]) => `mount --bind ${from} ${to}`)
  const script = `${mounts.join(' && ')} && exec "$@"`
  const bounding = ['-all', ...add.map((each: string) => `+${each.toLowerCase()}`)].join(',')
  return [
    ...['unshare', '--mount', '--propagation=private', 'sh', '-c', script, 'sh'],
    ...confined([`--bounding-set=${bounding}`]),
  ]
}

/** Returns what capabilities a daemon has, and as whom it runs. */
function rightsOf(daemon: FrrDaemon): string {
  const pid = readFileSync(join(lan.node.folder, `${daemon}.pid`), 'utf8').trim()
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return status
    .split('\n')
    .filter((line) => /^(?:Uid|CapEff):/.test(line))
    .map((line) => line.split('\t').slice(0, 2).join(' '))
    .join(', ')
}

test('three daemons have BFD with the rights that the component gives them', async () => {
  lan = await BgpLan.build({ daemons: [] })
  // As the kubelet makes the folder that the containers have.
  chmodSync(lan.node.folder, 0o777)
  for (const daemon of ['zebra', 'bfdd', 'bgpd'] as const) {
    await lan.node.runAs(daemon, container(engines[daemon]), engines[daemon].args)
    expect(rightsOf(daemon)).toBe('Uid: 65532, CapEff: 0000000000000000')
  }
  await lan.router.run('bfdd')
  await lan.router.tell(
    'bgpd',
    ...['configure terminal', 'router bgp 65000', `neighbor ${NODE} bfd`, 'end'],
  )
  const fast = bfdProfile('fast', { transmitInterval: 100, receiveInterval: 100 })
  const peer = bgpPeer('tor', { bfdProfile: 'fast' })
  const web = bgpService('web', '198.51.100.10')
  lan.write(bgpCluster(peer, advertisement('all'), web, fast))
  const rights = [`--groups=${groups.join(',')}`, '--bounding-set=-all,+net_admin']
  await lan.start((command) => [...confined(rights), ...command])
  await lan.until('198.51.100.10/32')
  expect((await lan.announces()).problems).toEqual([])
  await eventually(async () => {
    const [text = ''] = await lan.router.tell('bfdd', 'show bfd peers json')
    return JSON.parse(text)[0]?.status === 'up'
  })
})
