import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runtimeDefault } from './seccomp.ts'

/** What a manifest says of a Pod's rights, as far as an OCI runtime knows it. */
export interface PodRights {
  readonly securityContext: {
    readonly runAsUser: number
    readonly runAsGroup: number
    readonly supplementalGroups?: readonly number[]
    readonly seccompProfile: { readonly type: 'RuntimeDefault' }
  }
}

/** What a manifest says of a container's rights. */
export interface ContainerRights {
  readonly securityContext: {
    readonly allowPrivilegeEscalation: boolean
    readonly readOnlyRootFilesystem: boolean
    readonly capabilities: { readonly add?: readonly string[] }
  }
}

/** A mount, as the configuration of a bundle has it. */
export interface Mount {
  readonly destination: string
  readonly type: 'bind' | 'tmpfs'
  readonly source: string
  readonly options: readonly string[]
}

export interface ContainerOptions {
  /** The root of the image. */
  readonly root: string
  /** Where the bundle is made. */
  readonly folder: string
  /** The network namespace, as a file. */
  readonly network: string
  readonly args: readonly string[]
  readonly env?: readonly string[]
  readonly mounts: readonly Mount[]
  /** The Pod and its container, which say with which rights it runs. */
  readonly pod: PodRights
  readonly container: ContainerRights
}

/** Makes an OCI bundle with the rights that the manifest gives, and returns its folder. */
export function bundle({
  root,
  folder,
  network,
  args,
  env = [],
  mounts,
  pod,
  container: { securityContext },
}: ContainerOptions): string {
  const capabilities = (securityContext.capabilities.add ?? []).map((name) => `CAP_${name}`)
  const { runAsUser, runAsGroup, supplementalGroups = [] } = pod.securityContext
  const config = {
    ociVersion: '1.0.2',
    root: { path: root, readonly: securityContext.readOnlyRootFilesystem },
    process: {
      user: { uid: runAsUser, gid: runAsGroup, additionalGids: supplementalGroups },
      args,
      cwd: '/',
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...env],
      noNewPrivileges: !securityContext.allowPrivilegeEscalation,
      capabilities: Object.fromEntries(
        ['bounding', 'effective', 'permitted'].map((set) => [set, capabilities]),
      ),
    },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['ro', 'nosuid', 'nodev'] },
      ...mounts,
    ],
    linux: {
      namespaces: [
        ...['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
        { type: 'network', path: network },
      ],
      readonlyPaths: ['/proc/sys', '/proc/sysrq-trigger', '/proc/irq', '/proc/bus'],
      seccomp: runtimeDefault(capabilities),
      maskedPaths: ['/proc/kcore', '/proc/keys', '/proc/timer_list', '/sys/firmware'],
    },
  }
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
  return folder
}

/** A folder of this machine that the container reads. */
export function readOnly(source: string, destination: string): Mount {
  return { destination, source, type: 'bind', options: ['rbind', 'ro'] }
}

/** A folder in memory that the container alone has. */
export function inMemory(destination: string, size: string): Mount {
  return { destination, type: 'tmpfs', source: 'tmpfs', options: [`size=${size}`, 'mode=777'] }
}

/** The command that runs a bundle, and ends with it. */
export function runBundle(folder: string, id: string): readonly string[] {
  return ['runc', 'run', '--bundle', folder, id]
}
