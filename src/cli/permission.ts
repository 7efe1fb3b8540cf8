import type { EligibilitySettings } from '../announce/eligible.ts'
import type { Config } from '../config/config.ts'

/** Returns what decides who may announce, where files name no agents; some Nodes may be away. */
export function permissionOf(
  { announce, allocation }: Config,
  without: readonly string[] = [],
): EligibilitySettings {
  return {
    ignoreExcludeLabel: announce.layer2.ignoreExcludeLabel,
    agents: undefined,
    away: new Set(without),
    classes: allocation.loadBalancerClasses,
  }
}
