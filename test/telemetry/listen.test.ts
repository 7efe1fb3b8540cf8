import { expect, test } from 'vitest'
import { withRemedy } from '../../src/apply/no-descriptors.ts'
import { listenFailure } from '../../src/telemetry/listen.ts'

test.each([
  ['EADDRINUSE', 'another process uses it'],
  ['EADDRNOTAVAIL', 'no interface of this node has the address'],
  ['EACCES', 'not permitted'],
  ['EMFILE', 'raise the limit of open files'],
  ['ENFILE', 'raise the limit of open files'],
])('%s is told as %s', (code, words) => {
  const failure = Object.assign(new Error(`listen ${code}: it says why`), { code })
  const reason = withRemedy(listenFailure(failure))
  expect(reason).toContain(words)
  expect(reason).toContain(code)
})
