/** A taint of a Node (core/v1). */
export interface Taint {
  readonly key: string
  readonly value: string
  readonly effect: TaintEffect
}

type TaintEffect = 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'

/** What matches a taint: everything that is undefined here matches whatever the taint has. */
export interface Toleration {
  readonly key: string | undefined
  readonly value: string | undefined
  readonly effect: TaintEffect | undefined
}

/**
 * What the Pods of k3s ServiceLB tolerate: what it gives them itself (pkg/cloudprovider/servicelb.go)
 * and what every DaemonSet tolerates (pkg/controller/daemon/util of Kubernetes). Whether a Node is
 * ready is read from its conditions, so these two taints do not count at all.
 */
const always: readonly Toleration[] = [
  tolerated('node-role.kubernetes.io/master', 'NoSchedule'),
  tolerated('node-role.kubernetes.io/control-plane', 'NoSchedule'),
  tolerated('CriticalAddonsOnly', undefined),
  tolerated('node.kubernetes.io/not-ready', undefined),
  tolerated('node.kubernetes.io/unreachable', undefined),
  tolerated('node.kubernetes.io/disk-pressure', 'NoSchedule'),
  tolerated('node.kubernetes.io/memory-pressure', 'NoSchedule'),
  tolerated('node.kubernetes.io/pid-pressure', 'NoSchedule'),
  tolerated('node.kubernetes.io/unschedulable', 'NoSchedule'),
]

/** Returns the first taint that keeps a Service away from a Node; undefined if none does. */
export function taintAgainst(
  taints: readonly Taint[],
  tolerations: readonly Toleration[],
): Taint | undefined {
  return taints.find((taint) => {
    const isMatching = (each: Toleration): boolean => tolerates(each, taint)
    const isTolerated = always.some(isMatching) || tolerations.some(isMatching)
    return taint.effect !== 'PreferNoSchedule' && !isTolerated
  })
}

function tolerates({ key, value, effect }: Toleration, taint: Taint): boolean {
  return (
    (key === undefined || key === taint.key) &&
    (value === undefined || value === taint.value) &&
    (effect === undefined || effect === taint.effect)
  )
}

function tolerated(key: string, effect: TaintEffect | undefined): Toleration {
  return { key, value: undefined, effect }
}
