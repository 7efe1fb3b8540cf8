import { type Address, familyOf } from '../model/address.ts'
import { Ledger, type PoolGrant } from './ledger.ts'
import { type Leaving, leavingOf } from './sharing.ts'
import { strandingIn, withoutPool } from './stranding.ts'
import type { Territories } from './territory.ts'
import type { Claimant, Held, World } from './world.ts'

/** A Service that loses an address to another one that has it, too. */
export interface Ousted extends Leaving {
  readonly address: Address
}

/**
 * Returns who keeps which of the addresses in the statuses, and who loses one to another holder.
 * Claimants are given oldest first.
 */
export function keepHeld(
  world: World,
  territories: Territories,
  claimants: readonly Claimant[],
): { readonly ledger: Ledger; readonly ousted: readonly Ousted[] } {
  const ledger = new Ledger()
  const ousted: Ousted[] = []
  const holdings = claimants.flatMap((claimant) =>
    holdingsOf(claimant, world, territories).map((holding) => ({ claimant, ...holding })),
  )
  // A user who may edit a status could else take an address from the Service that was given it.
  for (const rivals of byAddress(holdings.filter(({ isMarked }) => isMarked))) {
    const leaving = new Map(
      leavingOf(rivals.map(({ claimant }) => claimant)).map((each) => [each.claimant, each]),
    )
    for (const { claimant, granted } of rivals) {
      const left = leaving.get(claimant)
      if (left === undefined) ledger.add(claimant, granted)
      else ousted.push({ address: granted.address, ...left })
    }
  }
  for (const { claimant, granted } of holdings.filter(({ isMarked }) => !isMarked)) {
    const { address } = granted
    const obstacle = ledger.obstacleTo(claimant, address)
    if (obstacle === undefined) ledger.add(claimant, granted)
    else ousted.push({ claimant, address, obstacle })
  }
  return { ledger, ousted }
}

interface Holding {
  readonly granted: PoolGrant
  /** True if we, or MetalLB, noted the pool when the address was given. */
  readonly isMarked: boolean
}

function byAddress<Each extends Holding>(holdings: readonly Each[]): Iterable<readonly Each[]> {
  const groups = new Map<Address, Each[]>()
  for (const holding of holdings) {
    const group = groups.get(holding.granted.address)
    if (group === undefined) groups.set(holding.granted.address, [holding])
    else group.push(holding)
  }
  return groups.values()
}

/** Returns what counts as held: of each wanted family the first address that does. */
function holdingsOf(
  claimant: Claimant,
  world: World,
  territories: Territories,
): readonly Holding[] {
  // One that is being deleted would get nothing in place of what it gives up.
  if (claimant.renewing && !claimant.leaving) return []
  const counting = claimant.held.flatMap((held) => {
    const granted = grantedIfHeld(held, claimant, world, territories)
    return granted === undefined ? [] : [{ granted, isMarked: held.pool !== undefined }]
  })
  return claimant.families.flatMap((family) => {
    const first = counting.find(({ granted }) => familyOf(granted.address) === family)
    return first === undefined ? [] : [first]
  })
}

/** Returns an address of the status with its pool; undefined if it is foreign or has to move. */
function grantedIfHeld(
  { address, pool: mark }: Held,
  claimant: Claimant,
  { onPoolChange }: World,
  territories: Territories,
): PoolGrant | undefined {
  const pool = territories.at(address)?.pool
  const stranded =
    pool === undefined ? withoutPool(mark, territories) : strandingIn(pool, address, claimant)
  if (pool !== undefined && stranded === undefined) return { address, pool: pool.name }
  if (mark === undefined || stranded === undefined || onPoolChange === 'move') return undefined
  return { address, pool: mark, stranded }
}
