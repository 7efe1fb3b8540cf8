import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { nodelb } from '../../support/lab.ts'
import type { ApiServer } from './apiserver.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/**
 * Kustomizations of today need a newer kubectl than the one of the API server’s own version, which does
 * not know x-kubernetes-validations either.
 */
const KUBECTL = `#!/bin/sh
case "$1 $2" in
  "apply -k") PATH=$NEWER_PATH kubectl kustomize "$3" | "$KUBECTL" apply --validate=false -f - ;;
  *) exec "$KUBECTL" "$@" ;;
esac
`

/** Does what a document tells its readers to do, as they would: in a shell, with a kubeconfig. */
export class Manual {
  readonly #text: string
  readonly #folder = mkdtempSync(join(tmpdir(), 'nodelb-manual-'))
  readonly #env: Readonly<Record<string, string>>
  readonly #followed: Set<string> = new Set()

  constructor(document: string, server: ApiServer) {
    this.#text = readFileSync(join(root, document), 'utf8')
    const path = process.env['PATH'] ?? ''
    this.#env = {
      PATH: `${this.#folder}:${path}`,
      NEWER_PATH: path,
      KUBECTL: join(server.programs, 'kubectl'),
      KUBECONFIG: server.kubeconfig(),
    }
    writeFileSync(join(this.#folder, 'kubectl'), KUBECTL, { mode: 0o755 })
    const program = `#!/bin/sh\nexec "${process.execPath}" "${nodelb}" "$@"\n`
    writeFileSync(join(this.#folder, 'nodelb'), program, { mode: 0o755 })
    symlinkSync(join(root, 'deploy'), join(this.#folder, 'deploy'))
  }

  /** Writes the manifests below this heading to the files that they name, and runs the commands. */
  async follow(heading: string): Promise<string> {
    const blocks = blocksIn(this.#below(heading))
    if (blocks.length === 0) throw new Error(`nothing to do below "${heading}"`)
    this.#followed.add(heading)
    let said = ''
    for (const { kind, text } of blocks) {
      if (kind === 'sh') said += await this.run(text)
      else writeFileSync(join(this.#folder, nameOf(text)), text)
    }
    return said
  }

  /** The headings below which there is something to do that nobody has done. */
  left(): readonly string[] {
    const parts = this.#parts().filter((part) => blocksIn(part).length > 0)
    const headings = parts.map((part) => part.slice(0, part.indexOf('\n')))
    return headings.filter((each) => !this.#followed.has(each))
  }

  close(): void {
    rmSync(this.#folder, { recursive: true })
  }

  #parts(): readonly string[] {
    return this.#text.split(/^##+ /m)
  }

  /** The text from a heading to the next one of any level but the first, which comments of YAML look like. */
  #below(heading: string): string {
    const found = this.#parts().find((part) => part.startsWith(`${heading}\n`))
    if (found === undefined) throw new Error(`no heading "${heading}"`)
    return found
  }

  /** Runs commands, and returns what they print. */
  async run(text: string): Promise<string> {
    const options = { cwd: this.#folder, env: this.#env }
    const { stdout } = await execa('bash', ['-euo', 'pipefail', '-c', text], options)
    return stdout
  }
}

interface Block {
  readonly kind: string
  readonly text: string
}

function blocksIn(part: string): readonly Block[] {
  const found = part.matchAll(/^```(yaml|sh)\n(.*?)^```$/gms)
  return Array.from(found, ([, kind = '', text = '']) => ({ kind, text }))
}

function nameOf(manifest: string): string {
  const [, name] = /^# (\S+\.yaml)\n/.exec(manifest) ?? []
  if (name === undefined) throw new Error(`a manifest does not name its file:\n${manifest}`)
  return name
}
