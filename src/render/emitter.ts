import { type ClaimsOf, claimsWithin } from '../frontend/claim-rules.ts'
import type { ServedService } from '../frontend/frontends.ts'
import type { BackendKind } from '../model/backend.ts'
import type { NodeView, Settings } from '../model/node.ts'
import type { Chain } from '../ruleset/nftables/types.ts'
import type { Fragment } from './fragment.ts'
import { ipvsFrame } from './ipvs/chains.ts'
import { ipvsClaimsWithin } from './ipvs/claims.ts'
import { emitIpvs } from './ipvs/emit.ts'
import { frame } from './nftables/chains.ts'
import { type EmitContext, emitElements } from './nftables/emit.ts'

/** Turns frontends into elements of sets, and sets into the chains that look them up. */
export interface Emitter {
  claimsWithin(settings: Settings, node: NodeView): ClaimsOf
  emit(served: ServedService, context: EmitContext): Fragment
  /** Returns the chains that these sets need. */
  frame(settings: Settings, sets: ReadonlySet<string>): ReadonlyMap<string, Chain>
}

/** Returns the emitter of the backend of the settings. */
export function emitterOf({ backend }: Settings): Emitter {
  return EMITTERS[backend.kind]
}

const nftables: Emitter = {
  claimsWithin,
  emit: (served, context) => ({ elements: emitElements(served, context) }),
  frame,
}
const EMITTERS: Readonly<Record<BackendKind, Emitter>> = {
  nftables,
  // With iptables, render/iptables makes the chains, and no caller asks for tables.
  iptables: nftables,
  ipvs: { claimsWithin: ipvsClaimsWithin, emit: emitIpvs, frame: ipvsFrame },
}
