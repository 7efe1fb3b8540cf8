import { gzipSync } from 'node:zlib'

/** A file of an archive; its name has at most 100 bytes. */
export interface TarFile {
  readonly name: string
  readonly text: string
}

const BLOCK = 512

/**
 * Returns a gzipped archive in the format ustar (POSIX.1-1988), which every tar reads; `seconds` since
 * 1970 are the time of all its files.
 */
export function tarGz(files: readonly TarFile[], seconds: number): Buffer {
  const blocks = files.flatMap(({ name, text }) => {
    const content = Buffer.from(text)
    const padding = Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)
    return [header(name, content.length, seconds), content, padding]
  })
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]))
}

/** Only the owner may read what is unpacked. */
function header(name: string, size: number, seconds: number): Buffer {
  const block = Buffer.alloc(BLOCK)
  const put = (text: string, at: number): void => {
    block.write(text, at)
  }
  const octal = (value: number, width: number): string => value.toString(8).padStart(width - 1, '0')
  put(name, 0)
  put(octal(0o600, 8), 100)
  put(octal(0, 8), 108)
  put(octal(0, 8), 116)
  put(octal(size, 12), 124)
  put(octal(Math.floor(seconds), 12), 136)
  put(' '.repeat(8), 148) // The checksum counts itself as blanks.
  put('0', 156)
  put('ustar\u000000', 257)
  put(
    `${octal(
      block.reduce((sum, byte) => sum + byte, 0),
      7,
    )}\0 `,
    148,
  )
  return block
}
