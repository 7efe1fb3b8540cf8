// Writes the linter's rules of who may import what: `npm run imports`.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { importRules } from '../test/house/linter.ts'

writeFileSync(fileURLToPath(new URL('../biome.imports.json', import.meta.url)), importRules())
