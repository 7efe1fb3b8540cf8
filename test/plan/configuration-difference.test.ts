import { expect, test } from 'vitest'
import { configurationDifference } from '../../src/plan/bgp/configuration-difference.ts'

test('fields that come, go and change have a line each, by path, and passwords are never shown', () => {
  const neighbour = (more: object) => ({
    neighbors: [{ address: '10.0.0.1', asn: 64500, ...more }],
  })
  const found = neighbour({ password: 'secret-1', port: 179, prefixes: ['192.0.2.0/24'] })
  const wanted = neighbour({ password: 'secret-2', holdTime: '9s', prefixes: ['192.0.2.0/25'] })
  const lines = configurationDifference(found, wanted)
  expect(lines.map((line) => line[0]).sort()).toEqual(['+', '+', '-', '-', '~'])
  expect(lines.join('\n')).not.toContain('secret')
  expect(lines.find((line) => line.startsWith('~'))).toContain('.password: *** -> ***')
  expect(configurationDifference(found, {})).toHaveLength(5)
  expect(configurationDifference(found, found)).toEqual([])
})
