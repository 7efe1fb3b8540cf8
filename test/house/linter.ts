import { posix } from 'node:path'
import { FOLDERS, MAIN, REASONS, WORLD } from './import-table.ts'

/** Returns biome.imports.json, which refuses all imports that the table does not allow. */
export function importRules(): string {
  const overrides = [
    ...Object.entries(FOLDERS).map(([folder, may]) => refusal(folder, `${folder}/*.ts`, may)),
    ...Object.entries(WORLD).map(([file, besides]) => {
      const folder = posix.dirname(file)
      return refusal(folder, file, [...(FOLDERS[folder] ?? []), ...besides])
    }),
    refusal('', 'main.ts', MAIN),
  ]
  const lines = overrides.map((each) => JSON.stringify(each)).join(',\n')
  return `{\n"overrides": [\n${lines}\n]\n}\n`
}

function refusal(folder: string, files: string, may: readonly string[]): object {
  const own = folder === '' ? [] : ['!./*.ts']
  const group = ['**', ...own, ...may.map((each) => `!${specifierOf(folder, each)}`)]
  const reason = REASONS[folder.split('/')[0] ?? ''] ?? 'src/main.ts is the end of the program.'
  const message = `${reason} It may import ${may.join(', ')} (test/house/import-table.ts).`
  const options = { patterns: [{ group, message }] }
  return {
    includes: [`src/${files}`],
    linter: { rules: { style: { noRestrictedImports: { level: 'error', options } } } },
  }
}

/** As a file of the folder names it: the files of another folder, or a package. */
function specifierOf(folder: string, other: string): string {
  if (!(other in FOLDERS)) return other
  const path = posix.relative(folder, other)
  return `${path.startsWith('.') ? '' : './'}${path === '' ? '.' : path}/*.ts`
}
