import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { answersAsKubeProxy } from '../../src/config/bind-address.ts'
import { type Config, readConfig } from '../../src/config/config.ts'
import type { BackendName } from '../../src/config/nodelb-config.ts'
import { conntrackOf, loopbackSysctlOf, toSettings } from '../../src/config/settings.ts'
import { printProblem } from '../../src/decode/problem.ts'
import type { Address, Cidr } from '../../src/model/address.ts'
import { type IpvsBackend, loopbackNodePortsOf } from '../../src/model/backend.ts'
import type { ListenAddress as At, KubeProxyAddresses } from '../../src/model/listening.ts'
import type { NodePortAddresses, NodeView } from '../../src/model/node.ts'

/**
 * Files as kubeadm, kubespray, k3s and OpenShift make them, and what each comes to in place of
 * kube-proxy: as it is written, and what changes where it names another mode. Each is read with the
 * backend of the mode's name. `npx vitest run --project unit test/cli/kube-proxy-files.test.ts -u`
 * writes the outcome again.
 */
const folder = fileURLToPath(new URL('kube-proxy-files/', import.meta.url))
const MODES = ['iptables', 'ipvs', 'nftables'] as const
type Mode = (typeof MODES)[number]

const node: NodeView = {
  name: 'node-a',
  zone: undefined,
  addresses: ['192.0.2.1', '2001:db8:1::1'] as Address[],
  podCidrs: ['10.244.1.0/24', 'fd00:10:244:1::/64'] as Cidr[],
}

function outcome(text: string): { readonly mode: Mode; readonly says: Record<string, unknown> } {
  const read = readConfig(text, 'config.yaml')
  if (read.kind === 'invalid') throw new Error(read.problems.map(printProblem).join('\n'))
  const { config } = read
  const mode = config.mode ?? 'iptables'
  const overrides = { scope: 'all', backend: mode }
  const { settings } = toSettings(config, node, overrides)
  const { excludedRanges, interface: _, kind: __, ...ipvs } = settings.backend as IpvsBackend
  const says = {
    node: config.hostname ?? 'as --node says',
    nodePorts: nodePortsOf(settings.nodePortAddresses),
    nodePortsOnLoopback: loopbackNodePortsOf(settings),
    sysctl: loopbackSysctlOf(config, overrides)?.name ?? 'none',
    pods: settings.localTraffic,
    masquerade: { all: settings.masqueradeAll, bit: settings.masqueradeBit },
    minSyncPeriod: `${config.minSyncPeriod}ms`,
    conntrack: conntrackOf(config, settings),
    answers: answersOf(config),
    ...(settings.backend.kind === 'ipvs' && { ipvs: { ...ipvs, excludedRanges } }),
    notes: [...read.problems.map(printProblem), ...notesOf(config, mode)],
    notesWithBackendAuto: notesOf(config, 'auto'),
    withoutEffect: config.notUsed,
  }
  return { mode, says: JSON.parse(JSON.stringify(says)) }
}

function notesOf(config: Config, backend: BackendName): readonly string[] {
  return toSettings(config, node, { scope: 'all', backend }).problems.map(printProblem)
}

function nodePortsOf(chosen: NodePortAddresses): unknown {
  if (chosen.kind !== 'ranges') return chosen.kind
  const { ranges, wholeFamilies } = chosen
  return { ranges, allOf: wholeFamilies }
}

function answersOf({ bindAddresses, ownBindAddresses }: Config): unknown {
  const answers: KubeProxyAddresses = answersAsKubeProxy(bindAddresses, ownBindAddresses, 'all')
  const place = (at: At | undefined) => at && `${at.host ?? 'all addresses'} port ${at.port}`
  return { healthz: place(answers.healthz), metrics: place(answers.metrics) }
}

/** The file with another mode. */
function inMode(text: string, mode: Mode): string {
  return text.replace(/^( *mode:) .*$/m, `$1 ${mode}`)
}

function told(text: string): string {
  const asWritten = outcome(text)
  const others = MODES.filter((mode) => mode !== asWritten.mode).map((mode) => {
    const says = Object.entries(outcome(inMode(text, mode)).says)
    const changes = says.filter(([key, value]) => !isDeepStrictEqual(value, asWritten.says[key]))
    return [`in mode ${mode}`, Object.fromEntries(changes)]
  })
  const all = { [`in mode ${asWritten.mode}`]: asWritten.says, ...Object.fromEntries(others) }
  return stringify(all, { lineWidth: 0 })
}

describe('a file of kube-proxy in place of kube-proxy', () => {
  const files = readdirSync(folder).filter((file) => !file.endsWith('.outcome.yaml'))

  test.each(files)('%s', async (file) => {
    const text = readFileSync(folder + file, 'utf8')
    const expected = `${folder}${file.replace('.yaml', '.outcome.yaml')}`
    await expect(told(text)).toMatchFileSnapshot(expected)
  })
})

test('docs/configuration.md says of k3s what k3s does', () => {
  const docs = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')
  const example = docs.split('### k3s and flags')[1]?.split('```yaml\n')[1]?.split('```')[0] ?? ''
  const k3s = readFileSync(`${folder}k3s-1.37.yaml`, 'utf8')
  expect(outcome(`${example}hostnameOverride: node-a`)).toEqual(outcome(k3s))
})
