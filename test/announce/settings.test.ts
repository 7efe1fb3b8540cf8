import { expect, test } from 'vitest'
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
