import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sha256 } from '../../src/ruleset/sha256.ts'

test('hashes every text as OpenSSL does', () => {
  const ascii = fc.string({ unit: 'binary-ascii', maxLength: 300 })
  fc.assert(
    fc.property(ascii, (text) => {
      expect(Buffer.from(sha256(text)).toString('hex')).toBe(
        createHash('sha256').update(text).digest('hex'),
      )
    }),
  )
})
