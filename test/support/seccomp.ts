import { readFileSync } from 'node:fs'

/** The default profile of the tools that build the image, and of Podman; those of other runtimes are like it. */
const PROFILE = '/usr/share/containers/seccomp.json'

interface Condition {
  readonly arches?: readonly string[]
  readonly caps?: readonly string[]
}

interface Rule {
  readonly names: readonly string[]
  readonly action: string
  readonly args: readonly object[] | null
  readonly errnoRet?: number
  readonly includes: Condition
  readonly excludes: Condition
}

interface Profile {
  readonly defaultAction: string
  readonly defaultErrnoRet: number
  readonly archMap: readonly {
    readonly architecture: string
    readonly subArchitectures: readonly string[]
  }[]
  readonly syscalls: readonly Rule[]
}

/** What `seccompProfile: {type: RuntimeDefault}` is for a container with these capabilities (`CAP_…`). */
export function runtimeDefault(capabilities: readonly string[]): object {
  const profile: Profile = JSON.parse(readFileSync(PROFILE, 'utf8'))
  const { defaultAction, defaultErrnoRet, archMap, syscalls } = profile
  const machine = process.arch === 'x64' ? 'amd64' : process.arch
  const name = process.arch === 'x64' ? 'SCMP_ARCH_X86_64' : 'SCMP_ARCH_AARCH64'
  const architectures = archMap
    .filter(({ architecture }) => architecture === name)
    .flatMap(({ architecture, subArchitectures }) => [architecture, ...subArchitectures])
  const applies = ({ includes, excludes }: Rule): boolean => {
    if (includes.arches?.includes(machine) === false) return false
    if (includes.caps?.every((each) => capabilities.includes(each)) === false) return false
    return excludes.caps?.some((each) => capabilities.includes(each)) !== true
  }
  return {
    ...{ defaultAction, defaultErrnoRet, architectures },
    syscalls: syscalls.filter(applies).map(({ names, action, args, errnoRet }) => ({
      ...{ names, action },
      ...(args !== null && { args }),
      ...(errnoRet !== undefined && { errnoRet }),
    })),
  }
}
