import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type HeldConnection, Lab } from '../support/lab.ts'
import { clean, type Subject } from '../support/played-packets.ts'
import type { Namespace } from '../support/topology.ts'
import { list, webNode, webService, webSlices } from '../support/web.ts'

// Connections that are not nodelb's and that the node sees in one direction alone, as with two
// routers: connection tracking calls most of their segments invalid (kubernetes#94861), and they
// must pass.

let lab: Lab
let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nodelb-asymmetric-'))
  lab = await Lab.build()
  await inside('client', 'ip link add direct type veth peer name direct netns', 'remote')
  for (const [namespace, address] of [
    ['client', 1],
    ['remote', 2],
  ] as const) {
    await inside(namespace, `ip addr add 198.19.0.${address}/30 dev direct`)
    await inside(namespace, 'ip link set direct up')
    for (const device of ['all', 'direct']) {
      await inside(namespace, `sysctl -w net.ipv4.conf.${device}.rp_filter=0`)
    }
  }
})
afterAll(async () => {
  await lab.remove()
  rmSync(folder, { recursive: true })
})

interface Way {
  readonly title: string
  /** Who sends past the node, and how. */
  readonly past: 'client' | 'remote'
  readonly route: string
}

const ways: readonly Way[] = [
  { title: 'no answers', past: 'remote', route: '192.0.2.2/32 via 198.19.0.1' },
  { title: 'answers alone', past: 'client', route: '10.244.2.10/32 via 198.19.0.2' },
]

const subjects: readonly Subject[] = [
  { title: 'nftables', backend: 'nftables' },
  { title: 'iptables (nft)', backend: 'iptables', flavour: 'nft' },
]

test.each(subjects)(
  'a node with $title leaves connections alone that it sees by half',
  async (subject) => {
    await program(subject)
    for (const way of ways) expect(await halfSeen(way), way.title).toBe('goes on')
    await clean(lab)
  },
)

test('a node that drops what is invalid ends them, by nodelb or not', async () => {
  await lab.run('nft', ['-f', '-'], STRICT)
  for (const way of ways) expect(await halfSeen(way), way.title).not.toBe('goes on')
  await lab.run('nft', ['delete', 'table', 'inet', 'strict'])
})

const STRICT = `table inet strict {
  chain forward {
    type filter hook forward priority 0
    ct state invalid drop
  }
}
`

/** What becomes of a connection to a pod on the other node, without a Service. */
async function halfSeen({ past, route }: Way): Promise<string> {
  await lab.flushConnections()
  await inside(past, `ip route add ${route}`)
  let held: HeldConnection | undefined
  try {
    held = await lab.hold({ from: 'client', to: '10.244.2.10:8080', timeout: 2_000 })
    expect(held.pod).toBe('pod-d')
    // Some dozen exchanges.
    await sleep(500)
  } catch (error) {
    return `does not begin: ${error}`
  } finally {
    await inside(past, `ip route del ${route}`)
  }
  const { exchanges, failure } = await held.release()
  return failure === undefined && exchanges > 5 ? 'goes on' : `${exchanges} exchanges, ${failure}`
}

async function program({ backend, flavour }: Subject): Promise<void> {
  const [file, config] = [join(folder, 'web.json'), join(folder, 'config.yaml')]
  writeFileSync(file, list([webNode, webService(), ...webSlices(['pod-a', 'pod-d'])]))
  writeFileSync(
    config,
    `{apiVersion: nodelb.io/v1alpha1, kind: NodelbConfiguration, scope: all, iptables: {flavour: ${flavour ?? 'auto'}}}`,
  )
  const flags = ['--node', 'node-a', '--config', config, '--backend', backend]
  const applied = await lab.nodelb(['apply', '-f', file, ...flags])
  expect(applied, applied.stderr).toMatchObject({ exitCode: 0 })
  const liberal = await lab.run('sysctl', ['-n', 'net.netfilter.nf_conntrack_tcp_be_liberal'])
  expect(liberal.stdout).toBe('1')
}

/** `other` is a namespace that ends the command. */
async function inside(namespace: Namespace, command: string, other?: Namespace): Promise<void> {
  const words = [...command.split(' '), ...(other === undefined ? [] : [lab.namespace(other)])]
  await execa('ip', ['netns', 'exec', lab.namespace(namespace), ...words])
}
