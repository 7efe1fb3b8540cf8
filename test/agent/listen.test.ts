import { expect, test } from 'vitest'
import { listenFailure } from '../../src/agent/telemetry/listen.ts'

test.each([
  ['EADDRINUSE', 'another process uses it'],
  ['EADDRNOTAVAIL', 'no interface of this node has the address'],
  ['EACCES', 'not permitted'],
  ['EMFILE', 'raise the limit of open files'],
  ['ENFILE', 'raise the limit of open files'],
])('%s is told as %s', (code, words) => {
  const reason = listenFailure(Object.assign(new Error(`listen ${code}`), { code }))
  expect(reason).toContain(words)
  expect(reason).toContain(`(${code})`)
})
