import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sha256 } from '../../src/frontend/sha256.ts'

test('hashes every text as OpenSSL does', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      expect(Buffer.from(sha256(text)).toString('hex')).toBe(
        createHash('sha256').update(text).digest('hex'),
      )
    }),
  )
})
