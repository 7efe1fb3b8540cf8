import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import type { ApiServer } from '../e2e/support/apiserver.ts'
import { copyForOldServer } from '../e2e/support/chart.ts'
import { kubernetesTools } from '../e2e/support/kubernetes-tools.ts'

const build = fileURLToPath(new URL('build.sh', import.meta.url))

/** There is no engine and no registry: buildah makes the image, and its root stands for what was pushed. */
const DOCKER = `
if [ "$1 $2 $3 $5 $6" != 'buildx build -t --push .' ]; then
  echo "docker: found $*, expected buildx build -t NAME --push ." >&2
  exit 2
fi
root=$("$BUILD")
printf '%s %s\\n' "$4" "$root" >>"$IMAGES"`

/** Who has a cluster, a clone and a LAN, and types what a page says. */
export class Newcomer {
  readonly #folder: string
  readonly #env: Readonly<Record<string, string>>

  /** `client`: the network namespace of the machine that is typed at. */
  static async at(server: ApiServer, folder: string, client: string): Promise<Newcomer> {
    const tools = await kubernetesTools()
    const programs = {
      docker: DOCKER,
      helm: `exec ${tools}/helm "$@"`,
      kubectl: `exec ${server.programs}/kubectl "$@"`,
      curl: `exec ip netns exec ${client} /usr/bin/curl --silent --show-error "$@"`,
    }
    return new Newcomer(server, folder, programs)
  }

  private constructor(
    server: ApiServer,
    folder: string,
    programs: Readonly<Record<string, string>>,
  ) {
    this.#folder = folder
    const bin = join(folder, 'bin')
    mkdirSync(bin)
    for (const [name, text] of Object.entries(programs)) {
      writeFileSync(join(bin, name), `#!/bin/sh\nset -eu\n${text}\n`, { mode: 0o755 })
    }
    copyForOldServer(join(folder, 'charts/nodelb'))
    const helm = join(folder, 'helm')
    this.#env = {
      PATH: `${bin}:${process.env['PATH']}`,
      KUBECONFIG: server.kubeconfig(),
      ...{ HELM_CACHE_HOME: helm, HELM_CONFIG_HOME: helm, HELM_DATA_HOME: helm },
      ...{ BUILD: build, IMAGES: join(folder, 'images') },
    }
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.#folder, name), text)
  }

  /** Types commands, and returns what they print. */
  async type(text: string): Promise<string> {
    const options = { cwd: this.#folder, env: this.#env }
    return (await execa('bash', ['-euo', 'pipefail', '-c', text], options)).stdout
  }

  /** The roots of the images that were pushed, by name. */
  images(): ReadonlyMap<string, string> {
    const lines = readFileSync(join(this.#folder, 'images'), 'utf8').trim().split('\n')
    return new Map(lines.map((line) => line.split(' ') as [string, string]))
  }
}
