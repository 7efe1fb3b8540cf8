import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Lab } from '../support/lab.ts'
import { LabPool } from '../support/lab-pool.ts'
import { clean, type Subject } from '../support/played-packets.ts'
import { isLong } from '../support/runs.ts'
import { sendStray } from '../support/strays.ts'
import { type Namespace, type PartyName, parties } from '../support/topology.ts'
import { list, webNode, webService, webSlices } from '../support/web.ts'

// Segments that connection tracking does not take for part of a connection (kubernetes#74839).

const labs = new LabPool(3)
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nodelb-strays-'))
})
afterAll(async () => {
  await labs.remove()
  rmSync(folder, { recursive: true })
})

interface Connection {
  readonly from: PartyName
  readonly to: string
  readonly port: number
}

interface Served {
  readonly policy: 'Cluster' | 'Local'
  readonly pod: 'pod-a' | 'pod-d'
}

const BALANCER: Connection = { from: 'client', to: '203.0.113.10:80', port: 80 }
const BALANCER_6: Connection = { from: 'client', to: '[2001:db8:100::10]:80', port: 80 }
const NODE_PORT: Connection = { from: 'client', to: '192.0.2.1:30080', port: 30080 }
const FROM_POD: Connection = { from: 'pod-b', to: '10.96.0.10:80', port: 80 }
const FROM_NODE: Connection = { from: 'node', to: '[fd00:10:96::10]:80', port: 80 }

/** Of a pod here and of one on another node: their answers come to the node in different hooks. */
const served: readonly (Served & { readonly connections: readonly Connection[] })[] = [
  { policy: 'Cluster', pod: 'pod-a', connections: [BALANCER, BALANCER_6, NODE_PORT] },
  { policy: 'Cluster', pod: 'pod-d', connections: [BALANCER, FROM_POD, FROM_NODE] },
  { policy: 'Local', pod: 'pod-a', connections: [BALANCER, BALANCER_6, NODE_PORT] },
]

const subjects: readonly Subject[] = [
  { title: 'nftables', backend: 'nftables' },
  { title: 'iptables (nft)', backend: 'iptables', flavour: 'nft' },
  { title: 'iptables (legacy)', backend: 'iptables', flavour: 'legacy' },
]

describe.concurrent.each(isLong ? subjects : subjects.slice(0, 2))(
  'by $title, segments outside the window',
  (subject) => {
    test.each(served)('end no connection under policy $policy to $pod', async (each) => {
      await labs.use(async (lab) => {
        await program(lab, each, subject)
        for (const connection of each.connections) {
          for (const sender of ['client', 'pod'] as const) {
            const fared = await afterStrays(lab, each.pod, connection, sender)
            expect(fared, `${connection.to}, from the ${sender}`).toBe('goes on')
          }
        }
        await clean(lab)
      })
    })
  },
)

test('where the kernel is not told to translate them, they end connections', async () => {
  await labs.use(async (lab) => {
    await program(lab, { policy: 'Local', pod: 'pod-a' }, { title: '', backend: 'nftables' })
    await lab.run('sysctl', ['-w', `${LIBERAL}=0`])
    for (const sender of ['client', 'pod'] as const) {
      expect(await afterStrays(lab, 'pod-a', NODE_PORT, sender)).toMatch(/ECONNRESET|closed/)
    }
    await clean(lab)
  })
})

const LIBERAL = 'net.netfilter.nf_conntrack_tcp_be_liberal'

async function program(lab: Lab, { policy, pod }: Served, subject: Subject): Promise<void> {
  // What an earlier test has set must not do.
  await lab.run('sysctl', ['-w', `${LIBERAL}=0`])
  const ports = [{ name: 'tcp', protocol: 'TCP', port: 80, targetPort: 8080, nodePort: 30080 }]
  const service = webService({ externalTrafficPolicy: policy, ports })
  const file = join(folder, `${lab.namespace('node')}.json`)
  writeFileSync(file, list([webNode, service, ...webSlices([pod])]))
  const config = `${file}.yaml`
  const { flavour = 'auto' } = subject
  writeFileSync(
    config,
    `{apiVersion: nodelb.io/v1alpha1, kind: NodelbConfiguration, scope: all, iptables: {flavour: ${flavour}}}`,
  )
  const flags = ['--node', 'node-a', '--config', config, '--backend', subject.backend]
  const applied = await lab.nodelb(['apply', '-f', file, ...flags])
  expect(applied, applied.stderr).toMatchObject({ exitCode: 0 })
}

/** Whether a connection talks on after a segment of one of its ends was out of the window. */
async function afterStrays(
  lab: Lab,
  pod: Served['pod'],
  { from, to, port }: Connection,
  sender: 'client' | 'pod',
): Promise<string> {
  const held = await lab.hold({ from, to })
  const namespace: Namespace = parties[sender === 'pod' ? pod : from].namespace
  const match = sender === 'pod' ? 'tcp sport 8080' : `tcp dport ${port}`
  const stray = await sendStray(lab, namespace, match)
  const end = Date.now() + 10_000
  let sound = 0
  let failure: string | undefined
  while (sound < 10 && failure === undefined && Date.now() < end) {
    await sleep(20)
    sound = await stray.soundOnes()
    failure = await held.failure()
  }
  await stray.remove()
  const { failure: last } = await held.release()
  if (failure ?? last) return `ends: ${failure ?? last}`
  return sound < 10 ? 'is silent' : 'goes on'
}
