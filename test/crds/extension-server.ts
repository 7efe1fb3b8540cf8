import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import type { Api } from '../e2e/support/api.ts'
import type { ApiServer } from '../e2e/support/apiserver.ts'
import { Daemon } from '../e2e/support/daemon.ts'
import { freePort } from '../support/asking.ts'

const startup = { within: 90_000, every: 50 }

/**
 * What a current API server consists of as far as custom resources are concerned: it compiles the rules of
 * their definitions. It asks an older one who somebody is, and has its objects in the same etcd.
 */
export class ExtensionServer {
  /** Writes as cluster admin. */
  readonly admin: Api
  readonly #folder: string
  readonly #server: Daemon

  private constructor(admin: Api, folder: string, server: Daemon) {
    this.admin = admin
    this.#folder = folder
    this.#server = server
  }

  static async start(core: ApiServer): Promise<ExtensionServer> {
    const build = fileURLToPath(new URL('build.sh', import.meta.url))
    const { stdout: programs } = await execa(build, { stderr: 'inherit' })
    const folder = mkdtempSync(join(tmpdir(), 'nodelb-extensions-'))
    writeFileSync(join(folder, 'tls.crt'), core.certificate)
    writeFileSync(join(folder, 'tls.key'), core.key)
    const port = await freePort()
    const daemon = new Daemon(join(programs, 'apiextensions-apiserver'), flags(core, folder, port))
    const server = new ExtensionServer(core.adminAt(port), folder, daemon)
    try {
      await daemon.until('ready', startup, async () => {
        return (await server.admin.ask('GET', '/readyz')).status === 200
      })
      return server
    } catch (error) {
      await server.stop()
      throw error
    }
  }

  async stop(): Promise<void> {
    await this.#server.end('SIGKILL')
    this.admin.close()
    rmSync(this.#folder, { recursive: true })
  }
}

function flags(core: ApiServer, folder: string, port: number): readonly string[] {
  const kubeconfig = core.kubeconfig()
  // What these ask an API server for, one of 1.20 does not have.
  const plugins = [
    'MutatingAdmissionPolicy',
    'MutatingAdmissionWebhook',
    'ValidatingAdmissionPolicy',
    'ValidatingAdmissionWebhook',
  ]
  return [
    `--etcd-servers=${core.etcd}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--tls-cert-file=${join(folder, 'tls.crt')}`,
    `--tls-private-key-file=${join(folder, 'tls.key')}`,
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    '--authentication-skip-lookup',
    '--enable-priority-and-fairness=false',
    `--disable-admission-plugins=${plugins.join()}`,
  ]
}
