import { expect, test } from 'vitest'
import { transitionSettings } from '../../src/announce/transition-state.ts'
import { defaultAnnounceSettings, keyProblem } from '../../src/model/announce-settings.ts'

const { layer2 } = defaultAnnounceSettings
const enabled = { ...layer2, enabled: true }
const withKey = { ...enabled, members: { ...enabled.members, keyFile: '/key' } }

test.each([
  ['two Nodes, and no key', enabled, 2, true],
  ['one Node', enabled, 1, false],
  ['a key', withKey, 2, false],
  ['nothing to announce', layer2, 2, false],
])('with %s a key is missing or not', (_, settings, nodes, missing) => {
  const problem = keyProblem(settings, nodes)
  expect(problem !== undefined).toBe(missing)
  if (missing) expect(problem).toContain('announce.layer2.members.keyFile is not set')
})

test('a node goes by the times that the operator chose', () => {
  const chosen = { hold: 15_000, settle: 10_000, members: { ...layer2.members, interval: 200 } }
  const members = { ...chosen.members, timeout: 600 }
  expect(transitionSettings('node-a', { ...layer2, ...chosen, members })).toEqual({
    node: 'node-a',
    interval: 200,
    timeout: 600,
    hold: 15_000,
    settle: 10_000,
  })
})
