import { decideBgp } from '../../announce/bgp/decide.ts'
import { withoutSecrets } from '../../announce/bgp/kept-secrets.ts'
import type { BgpObjects } from '../../announce/bgp/objects.ts'
import type { AnnounceProblem } from '../../announce/eligibility.ts'
import type { AnnouncerNode } from '../../announce/objects.ts'
import {
  configurationDifference,
  withoutPasswords,
} from '../../plan/bgp/configuration-difference.ts'
import { frrK8sProblems } from '../../render/bgp/frr-advertised.ts'
import { type FrrConfiguration, frrConfigurationOf } from '../../render/bgp/frr-configuration.ts'
import { leftOutOf } from '../../render/bgp/left-out.ts'
import type { BgpAnnouncingSettings } from './decisions.ts'

/** What frr-k8s would be told for a Node. */
interface ProposedConfiguration {
  readonly configuration: FrrConfiguration
  readonly problems: readonly AnnounceProblem[]
}

/** Where the FRRConfiguration is to be. */
interface ProposedPlace {
  readonly node: AnnouncerNode
  readonly namespace: string
}

/** Returns the FRRConfiguration that the objects alone call for. */
export function proposedConfiguration(
  objects: BgpObjects,
  { node, namespace }: ProposedPlace,
  settings: BgpAnnouncingSettings,
): ProposedConfiguration {
  const decision = decideBgp(withoutSecrets(objects), node, settings)
  const { peers, problems } = decision
  const configured = objects.peers
  return {
    configuration: frrConfigurationOf(decision, { node, namespace, configured }),
    problems: [...problems, ...leftOutOf(peers), ...frrK8sProblems(peers, settings)],
  }
}

/** Returns the object as it may be shown, with `***` for passwords. */
export function shownConfiguration({ configuration }: ProposedConfiguration): unknown {
  return withoutPasswords(configuration)
}

/** Returns the lines in which the object differs from the one that is there, if any is. */
export function differenceFrom(
  found: ReadonlyMap<string, unknown>,
  { configuration: { metadata, spec } }: ProposedConfiguration,
): readonly string[] {
  return configurationDifference(found.get(metadata.name) ?? {}, spec)
}
