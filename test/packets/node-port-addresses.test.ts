import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Connection, Lab } from '../support/lab.ts'

const fixture = new URL('../../fixtures/dual-stack-node-port/', import.meta.url).pathname
const files = ['-f', `${fixture}input.yaml`, '-f', `${fixture}node.yaml`, '--node', 'node-a']

const routes: readonly Connection[] = [
  { from: 'client', to: '192.0.2.1:30123' },
  { from: 'client', to: '[2001:db8:1::1]:30123' },
  { from: 'node', to: '192.0.2.1:30123' },
]

/** One after another; each has rules of its own for the addresses that these connections are for. */
const CHOICES = ['[192.0.2.0/24, "2001:db8:1::/64"]', '[primary]', '[all]', '[primary]']

let lab: Lab
let scratch: string
beforeAll(async () => {
  scratch = await mkdtemp(`${tmpdir()}/nodelb-node-ports-`)
  lab = await Lab.build()
})
afterAll(async () => {
  await lab?.remove()
  await rm(scratch, { recursive: true })
})

test.each([
  { backend: 'nftables', load: fromNft },
  { backend: 'iptables', load: fromIptables },
])(
  '$backend: NodePorts answer at every moment, while the rules of a former version and of other addresses are replaced',
  async ({ backend, load }) => {
    await load()
    const streams = await Promise.all(routes.map((route) => lab.pour({ ...route, pause: 20 })))
    const expected = routes.map(() => ({ enough: true, failures: [] }))
    const applied = async (options: readonly string[]): Promise<string> => {
      const args = ['apply', ...files, '--scope', 'all', '--backend', backend, ...options]
      const { exitCode, stdout, stderr } = await lab.nodelb(args)
      expect(exitCode, stderr).toBe(0)
      return stdout
    }
    expect(await applied([])).not.toMatch(/\b0 operations/)
    for (const choice of CHOICES) {
      expect(await applied(['--config', await configWith(choice)])).not.toMatch(/\b0 operations/)
    }
    const counts = await Promise.all(streams.map((stream) => stream.stop()))
    expect(counts.map(fate)).toEqual(expected)
    expect((await lab.nodelb(['cleanup'])).exitCode).toBe(0)
  },
)

async function configWith(nodePortAddresses: string): Promise<string> {
  const file = `${scratch}/config.yaml`
  const head = 'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n'
  await writeFile(file, `${head}mode: nftables\nnodePortAddresses: ${nodePortAddresses}\n`)
  return file
}

function fate(counts: Readonly<Record<string, number>>): object {
  const pods = Object.entries(counts).filter(([name]) => name.startsWith('pod-'))
  const failures = Object.entries(counts).filter(([name]) => !name.startsWith('pod-'))
  return { enough: pods.reduce((sum, [, count]) => sum + count, 0) > 50, failures }
}

/** Before addresses of the Node object were matched by name, the routes had to lead to all of them. */
async function fromNft(): Promise<void> {
  const rules = await rendered('nftables')
  const former = rules.replaceAll(/(?<=\t)ip6? daddr @node-port-/g, 'fib daddr type local $&')
  expect(former.match(/fib daddr/g)).toHaveLength(2)
  await loaded('nft', ['-f', '-'], former)
}

async function fromIptables(): Promise<void> {
  const rules = await rendered('iptables')
  const former = rules.replaceAll(/-g NODELB-NODE-PORTS/g, '-m addrtype --dst-type LOCAL $&')
  expect(former.match(/dst-type/g)).toHaveLength(2)
  const [ipv4 = '', ipv6 = ''] = former.split('# ip6tables-restore --noflush\n')
  await loaded('iptables-restore', ['--noflush'], ipv4)
  await loaded('ip6tables-restore', ['--noflush'], ipv6)
}

async function rendered(backend: string): Promise<string> {
  const args = ['render', ...files, '--scope', 'all', '--backend', backend]
  const { exitCode, stdout, stderr } = await lab.nodelb(args)
  expect(exitCode, stderr).toBe(0)
  return stdout
}

async function loaded(program: string, args: readonly string[], rules: string): Promise<void> {
  const { exitCode, stderr } = await lab.run(program, args, rules)
  expect(exitCode, stderr).toBe(0)
}
