import { expect, test } from 'vitest'
import { printRendering, renderingAsJson } from '../../src/cli/print-rendering.ts'
import { renderFor } from '../../src/render/rendering.ts'
import { inInterval } from '../../src/ruleset/iptables/rule.ts'
import { printRule } from '../../src/ruleset/nftables/print.ts'
import { rememberChain, remembering } from '../../src/ruleset/nftables/verdicts.ts'
import { parseRule } from '../../src/trace/iptables/parse.ts'
import { fixtureGoal } from '../support/goal.ts'

const FIXTURE = new URL('../../fixtures/session-affinity-timeouts', import.meta.url).pathname

/** The rules and elements of plain data, which are its only texts with a space. */
function linesIn(json: unknown): readonly string[] {
  if (typeof json === 'string') return json.includes(' ') ? [json] : []
  return typeof json === 'object' && json !== null ? Object.values(json).flatMap(linesIn) : []
}

test.each(['nftables', 'iptables', 'ipvs'] as const)(
  'with %s, JSON has the lines of the text',
  (backend) => {
    const { cluster, node, settings } = fixtureGoal(FIXTURE, 'input.yaml', backend)
    const { rendering } = renderFor(cluster, node, settings)
    const text = printRendering(rendering, settings)
    const lines = linesIn(JSON.parse(renderingAsJson(rendering, settings)))
    expect(lines.length).toBeGreaterThan(10)
    expect(lines.filter((line) => !text.includes(line))).toEqual([])
  },
)

test('with ipvs, timeouts that are set are in JSON and in the text', () => {
  const { cluster, node, settings } = fixtureGoal(FIXTURE, 'input.yaml', 'ipvs')
  const { backend } = settings
  if (backend.kind !== 'ipvs') throw new Error('another backend')
  const timeouts = { tcp: 900, tcpFin: 120, udp: 300 }
  const timed = { ...settings, backend: { ...backend, timeouts } }
  const { rendering } = renderFor(cluster, node, timed)
  expect(printRendering(rendering, timed)).toContain('--set 900 120 300')
  expect(JSON.parse(renderingAsJson(rendering, timed))).toMatchObject({ timeouts })
})

test.each([
  ['10.0.0.1-10.0.0.3', '-m iprange --src-range 10.0.0.1-10.0.0.3'],
  ['fd00::1-fd00::3', '-m iprange --src-range fd00::1-fd00::3'],
  ['10.0.0.0/8', '-s 10.0.0.0/8'],
  ['10.0.0.1', '-s 10.0.0.1/32'],
])('source range %s is a match of iptables, which the tracer reads', (interval, match) => {
  expect(inInterval('src', interval)).toBe(match)
  const { matches } = parseRule(`${match} -j RETURN`)
  expect(matches).toMatchObject([{ kind: 'source', negated: false }])
})

test('a rule is printed with its comment', () => {
  expect(printRule('ip', { statements: [{ kind: 'drop' }], comment: 'why' })).toBe(
    'drop comment "why"',
  )
})

test('a chain that looks like one for clients who are remembered, and is none', () => {
  expect(remembering(rememberChain(10_800, 3))).toEqual({ seconds: 10_800, seat: 3 })
  expect(remembering('remember-me')).toBeUndefined()
})
