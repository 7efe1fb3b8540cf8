// The texts of the licences under which the packages in dist/nodelb.js came: they ask to be with it.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const LINE = '-'.repeat(80)

/**
 * Returns the notices for everything in a bundle, as esbuild's metafile lists it; throws if a package
 * has no such text.
 */
export function noticesOf(metafile, root) {
  const files = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs))
  const folders = new Set(
    files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0] ?? []),
  )
  const notices = [...folders].sort().map((folder) => noticeOf(join(root, folder)))
  return `nodelb.js contains parts of these packages.\n\n${notices.join('\n')}`
}

function noticeOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const names = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
  if (names.length === 0) throw new Error(`${name}: found no text of its licence in ${folder}`)
  const texts = names.sort().map((file) => readFileSync(join(folder, file), 'utf8').trim())
  return `${LINE}\n${name} ${version} (${license})\n\n${texts.join('\n\n')}\n`
}
