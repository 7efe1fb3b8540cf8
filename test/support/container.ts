import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

/** A container of the DaemonSet in deploy/, as far as an OCI runtime knows it. */
export interface ContainerOptions {
  /** The root of the image. */
  readonly root: string
  /** Where the bundle is made. */
  readonly folder: string
  /** The network namespace, as a file. */
  readonly network: string
  readonly args: readonly string[]
  /** Folders of this machine that the container reads, and where. */
  readonly mounts: Readonly<Record<string, string>>
  /** The manifest whose first container says with which rights it runs. */
  readonly daemonSet: string
}

/** Makes an OCI bundle with the rights that the manifest gives, and returns its folder. */
export function bundle({
  root,
  folder,
  network,
  args,
  mounts,
  daemonSet,
}: ContainerOptions): string {
  const pod = parse(daemonSet).spec.template.spec
  const { securityContext } = pod.containers[0]
  const capabilities = securityContext.capabilities.add.map((name: string) => `CAP_${name}`)
  const config = {
    ociVersion: '1.0.2',
    root: { path: root, readonly: securityContext.readOnlyRootFilesystem },
    process: {
      user: { uid: pod.securityContext.runAsUser, gid: pod.securityContext.runAsGroup },
      args,
      cwd: '/',
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      noNewPrivileges: !securityContext.allowPrivilegeEscalation,
      capabilities: Object.fromEntries(
        ['bounding', 'effective', 'permitted'].map((set) => [set, capabilities]),
      ),
    },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['ro', 'nosuid', 'nodev'] },
      { destination: '/run/nodelb', type: 'tmpfs', source: 'tmpfs', options: ['size=1m'] },
      ...Object.entries(mounts).map(([destination, source]) => ({
        ...{ destination, source, type: 'bind', options: ['rbind', 'ro'] },
      })),
    ],
    linux: {
      namespaces: [
        ...['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
        { type: 'network', path: network },
      ],
      readonlyPaths: ['/proc/sys', '/proc/sysrq-trigger', '/proc/irq', '/proc/bus'],
      maskedPaths: ['/proc/kcore', '/proc/keys', '/proc/timer_list', '/sys/firmware'],
    },
  }
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
  return folder
}

/** The command that runs a bundle, and ends with it. */
export function runBundle(folder: string, id: string): readonly string[] {
  return ['runc', 'run', '--bundle', folder, id]
}
