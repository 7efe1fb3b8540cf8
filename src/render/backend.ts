import { type ClaimsOf, claimsWithin } from '../frontend/claim-rules.ts'
import type { ServedService } from '../frontend/frontends.ts'
import type { BackendKind } from '../model/backend.ts'
import type { NodeView, Settings } from '../model/node.ts'
import type { Chain } from '../ruleset/nftables/types.ts'
import { ipvsFrame } from './ipvs/chains.ts'
import { ipvsClaimsWithin } from './ipvs/claims.ts'
import { emitIpvs } from './ipvs/emit.ts'
import { frame } from './nftables/chains.ts'
import { type EmitContext, emitElements, type Fragment } from './nftables/emit.ts'

/** What makes rules of frontends. All else of rendering is the same for each backend. */
interface Backend {
  claimsWithin(settings: Settings, node: NodeView): ClaimsOf
  emit(served: ServedService, context: EmitContext): Fragment
  /** The chains that these sets call for. */
  frame(settings: Settings, sets: ReadonlySet<string>): ReadonlyMap<string, Chain>
}

export function backendOf({ backend }: Settings): Backend {
  return BACKENDS[backend.kind]
}

const nftables: Backend = { claimsWithin, emit: emitElements, frame }
const BACKENDS: Readonly<Record<BackendKind, Backend>> = {
  nftables,
  // Chains are made of what nftables would hold (render/iptables/lowering.ts).
  iptables: nftables,
  ipvs: { claimsWithin: ipvsClaimsWithin, emit: emitIpvs, frame: ipvsFrame },
}
