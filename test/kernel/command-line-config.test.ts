import { readFileSync } from 'node:fs'
import { release } from 'node:os'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { expect, test } from 'vitest'

/** The built program's command `config` as people start it. */

const program = fileURLToPath(new URL('../../dist/nodelb.js', import.meta.url))
const document = 'apiVersion: nodelb.io/v1alpha1\nkind: NodelbConfiguration\n'

function nodelb(args: readonly string[], input = '') {
  const env = { NODE_NAME: '' }
  return execa(process.execPath, [program, ...args], { input, env, reject: false })
}

test('prints the configuration of standard input, a line for each field', async () => {
  const input = `${document}protectedPorts: [22]\nannounce: { layer2: { hold: 90s } }\n`
  const { stdout, stderr, exitCode } = await nodelb(['config', '--config', '-'], input)
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
  const lines = stdout.split('\n').map((line) => line.split(/ {2,}/))
  expect(lines).toContainEqual(['protectedPorts', '[22]', 'stdin (NodelbConfiguration)'])
  expect(lines).toContainEqual(['announce.layer2.hold', '1m30s', 'stdin (NodelbConfiguration)'])
  expect(lines).toContainEqual(['externalIPs.allow', 'any address', 'default'])
})

test('prints JSON by path, with the flags', async () => {
  const { stdout } = await nodelb(['config', '-o', 'json', '--scope', 'all', '--node', 'node-a'])
  const printed = JSON.parse(stdout)
  expect(printed.scope).toEqual({ value: 'all', source: '--scope' })
  expect(printed.hostnameOverride).toEqual({ value: 'node-a', source: '--node' })
  expect(printed.serviceCIDRs).toEqual({ value: [], source: 'default' })
  expect(printed['externalIPs.allow']).toEqual({ value: null, source: 'default' })
})

test.each([
  ['', 'stdin: found no document, expected'],
  [`${document}scoop: all\n`, 'stdin: NodelbConfiguration: scoop: found an unknown field'],
  [`${document}scope: all\ntarget: cluster-ip\n`, 'target: found "cluster-ip", expected pods'],
])('what cannot be used is trouble: %j', async (input, line) => {
  const { stdout, stderr, exitCode } = await nodelb(['config', '--config', '-'], input)
  expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 })
  expect(stderr).toContain(line)
})

test('--version has what nodelb runs on with -o json, and the version alone without', async () => {
  const { stdout: json } = await nodelb(['--version', '-o', 'json'])
  const printed = JSON.parse(json)
  expect(printed).toMatchObject({ node: process.versions.node, kernel: release() })
  expect(['nftables', 'iptables', null]).toContain(printed.backend)
  expect((await nodelb(['-V'])).stdout).toBe(printed.nodelb)
})

test('the build has the manual page', async () => {
  const page = readFileSync(new URL('../../dist/nodelb.1', import.meta.url), 'utf8')
  expect((await nodelb(['man'])).stdout).toBe(page.trimEnd())
})

test('prints the JSON Schema', async () => {
  const { stdout } = await nodelb(['config', 'schema'])
  expect(JSON.parse(stdout)).toMatchObject({ title: 'NodelbConfiguration' })
})
