/**
 * Compares the specifications of two FRRConfigurations, as lines: `+` what is to come, `-` what is to go, and
 * `~` what gets another value, with the path of each. Passwords are `***`.
 */
export function configurationDifference(found: unknown, wanted: unknown): readonly string[] {
  const [before, after] = [leavesOf(found), leavesOf(wanted)]
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort()
  return paths.flatMap((path) => {
    const [old, now] = [before.get(path), after.get(path)]
    if (old === now) return []
    const shown = (value: string): string => (/\.password$/.test(path) ? ': ***' : value)
    if (old === undefined) return [`+ ${path}${shown(now ?? '')}`]
    if (now === undefined) return [`- ${path}${shown(old)}`]
    return [`~ ${path}${shown(old)} ->${shown(now).slice(1)}`]
  })
}

/** The fields by which entries of lists are known, whatever their order. */
const IDENTITIES = ['name', 'address', 'interface', 'community', 'localPref', 'vrf', 'asn']

function leavesOf(value: unknown, path: string = ''): ReadonlyMap<string, string> {
  if (typeof value !== 'object' || value === null) {
    // An entry of a list that is a text has it in its path.
    return new Map([[path, path.endsWith(`[${value}]`) ? '' : `: ${value}`]])
  }
  const entries: readonly (readonly [string, unknown])[] = Array.isArray(value)
    ? value.map((each: unknown) => [`${path}[${identityOf(each)}]`, each])
    : Object.entries(value).map(([field, each]) => [path === '' ? field : `${path}.${field}`, each])
  return new Map(entries.flatMap(([at, each]) => [...leavesOf(each, at)]))
}

function identityOf(entry: unknown): string {
  if (typeof entry !== 'object' || entry === null) return String(entry)
  const field = IDENTITIES.find((each) => Object.hasOwn(entry, each)) ?? ''
  return String(Reflect.get(entry, field))
}

/** Returns the specification with `***` for each password, to be shown. */
export function withoutPasswords(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(withoutPasswords)
  return Object.fromEntries(
    Object.entries(value).map(([field, each]) => {
      return [field, field === 'password' ? '***' : withoutPasswords(each)]
    }),
  )
}
