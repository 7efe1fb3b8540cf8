import type { BackendKind } from '../model/backend.ts'
import type { NodeView, Settings } from '../model/node.ts'
import type { ServiceObject } from '../model/service.ts'
import type { Chain } from '../ruleset/nftables/types.ts'
import { type ClaimsOf, claimsWithin } from './claim-rules.ts'
import type { Claim } from './claims.ts'
import { ipvsClaimsWithin } from './ipvs/claims.ts'
import { renderIpvsService } from './ipvs/fragment.ts'
import { ipvsFrame } from './ipvs/frame.ts'
import {
  type Candidates,
  type FamilyMemory,
  type Fragment,
  renderService,
} from './nftables/fragment.ts'
import { frame } from './nftables/frame.ts'

/** What makes rules of Services. All else of rendering is the same for each backend. */
interface Backend {
  claimsWithin(settings: Settings, node: NodeView): ClaimsOf
  renderService(
    service: ServiceObject,
    claims: readonly Claim[],
    candidates: Candidates,
    node: NodeView,
    settings: Settings,
    memory: FamilyMemory,
  ): Fragment
  /** The chains that these sets call for. */
  frame(settings: Settings, sets: ReadonlySet<string>): ReadonlyMap<string, Chain>
}

export function backendOf({ backend }: Settings): Backend {
  return BACKENDS[backend.kind]
}

const nftables: Backend = { claimsWithin, renderService, frame }
const BACKENDS: Readonly<Record<BackendKind, Backend>> = {
  nftables,
  // Chains are made of what nftables would hold (render/iptables/lowering.ts).
  iptables: nftables,
  ipvs: { claimsWithin: ipvsClaimsWithin, renderService: renderIpvsService, frame: ipvsFrame },
}
