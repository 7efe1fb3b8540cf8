import type { BgpConfiguration, BgpDecisionSettings, BgpObjects } from '../announce/bgp/objects.ts'
import type { AnnounceObjects } from '../announce/objects.ts'
import type { Config } from '../config/config.ts'

/** Returns all that announcing by BGP depends on. */
export function bgpObjectsOf(
  { services, endpoints, pools }: AnnounceObjects,
  configuration: BgpConfiguration,
): BgpObjects {
  return { ...configuration, services, endpoints, pools }
}

/** Returns what the operator decides about announcing by BGP. */
export function bgpSettingsOf({
  announce: { bgp },
  allocation,
}: Config): Config['announce']['bgp'] & BgpDecisionSettings {
  return { ...bgp, classes: allocation.loadBalancerClasses }
}
